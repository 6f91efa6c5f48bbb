"""Which of the files in folders, archives and storage are taken: ``--include`` and ``--exclude``."""

from collections.abc import Sequence

from imageauth.folders import is_plain_image
from imageauth.images import has_image_suffix
from imageauth.patterns import Parts, Pattern, is_hidden
from imageauth.scan.inputs.kinds import kind_of


class Selection:
    """Images that are not hidden, or what the user wants instead. An archive in a folder counts as a folder."""

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        """Compile.

        Args:
            include: globs against the path below the folder, archive or bucket that was named; one without a slash
                matches at any depth. One that matches a folder takes the images in it. One that says how a file's name
                looks (``*.dat``) takes it even if images are not named so.
            exclude: the same; what they match, and all in it, is left out.
        """
        self._include = [Pattern(pattern, anywhere=True) for pattern in include]
        self._exclude = [Pattern(pattern, anywhere=True, hidden=True) for pattern in exclude]

    def excludes(self, path: Parts) -> bool:
        """Whether a path is left out, or lies in a folder that is."""
        return any(pattern.covers(path) is not None for pattern in self._exclude)

    def enters(self, folder: Parts) -> bool:
        """Whether something in a folder or archive may be taken."""
        if any(pattern.matches(folder) for pattern in self._exclude):
            return False
        if not self._include:
            return not is_hidden(folder[-1])
        return any(pattern.leads_to(folder) or pattern.shows(folder) for pattern in self._include)

    def takes(self, path: Parts) -> bool:
        """Whether a file is taken."""
        if self.excludes(path):
            return False
        if not self._include:
            return is_plain_image(path)
        image = has_image_suffix(path[-1])
        return any(
            (pattern.matches(path) and (image or pattern.names_files)) or (image and pattern.shows(path))
            for pattern in self._include
        )

    def opens(self, path: Parts) -> bool:
        """Whether a file in a folder is opened as an archive or table."""
        if not (kind := kind_of(path[-1])):
            return False
        if kind == "table":
            wanted = any(p.matches(path) or p.shows(path) for p in self._include)
            return not self.excludes(path) and (wanted if self._include else not any(map(is_hidden, path)))
        return not self.excludes(path) and self.enters(path) and (bool(self._include) or not any(map(is_hidden, path)))
