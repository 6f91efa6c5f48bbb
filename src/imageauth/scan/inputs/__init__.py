"""What the user named → images to check, one after the other; see docs/scan-inputs.md.

Found lazily and in the same order every time; what is held does not grow with what is found.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing

from imageauth.errors import ImageAuthError
from imageauth.report import Failure
from imageauth.scan.inputs.finding import Finder
from imageauth.scan.inputs.lists import STDIN, names_listed, standard_input
from imageauth.scan.inputs.options import STANDARD, Options
from imageauth.scan.items import Item

__all__ = ["Options", "items_of"]


def items_of(arguments: Sequence[str], options: Options = STANDARD) -> Iterator[Item | Failure]:
    """Images to check.

    Args:
        arguments: files, folders, archives, tables and addresses, globs and braces of these, and ``-`` for a list of
            names on standard input, which are taken as they are.
        options: how to find them.

    Yields:
        An item for each image, and a :class:`~imageauth.report.Failure` for whatever cannot be looked into; its
        ``file`` is named as items are. Members of an archive that have the
        same name are all given.

    Raises:
        ImageAuthError: standard input is asked for twice, or what reads an argument is not installed.
    """
    if list(arguments).count(STDIN) > 1:
        raise ImageAuthError("- (standard input) can be given only once")
    finder = Finder(options)
    for argument in arguments:
        if argument != STDIN:
            finder.need(argument)
    return _found(arguments, finder, options)


def _found(arguments: Sequence[str], finder: Finder, options: Options) -> Iterator[Item | Failure]:
    with closing(finder):
        for argument in arguments:
            if argument != STDIN:
                yield from finder.find(argument)
                continue
            for name in names_listed(standard_input(), null_separated=options.null_separated):
                if isinstance(name, Failure):
                    yield name
                else:
                    yield from finder.find(name, literal=True)
