"""One thing that the user named → the images in it."""

import os
from collections.abc import Iterator

from imageauth.folders import SEPARATORS, Glob, walk
from imageauth.patterns import Parts, has_magic
from imageauth.report import Failure
from imageauth.scan.inputs.braces import expand_braces, has_braces
from imageauth.scan.inputs.kinds import kind_of
from imageauth.scan.inputs.members import Members
from imageauth.scan.inputs.options import Options
from imageauth.scan.inputs.places import LocalPlace, Place
from imageauth.scan.inputs.remote import RemotePlace
from imageauth.scan.inputs.selection import Selection
from imageauth.scan.inputs.storage import ends_like_image, is_web, path_of, scheme_of, storage_of, unreadable
from imageauth.scan.inputs.streams import need_zstandard
from imageauth.scan.inputs.table_reader import TableReader, need_arrow
from imageauth.scan.inputs.tables import Table
from imageauth.scan.inputs.tars import tar_items
from imageauth.scan.inputs.trees import LocalTree, RemoteTree, Tree, file_item, remote_item
from imageauth.scan.inputs.zips import zip_items
from imageauth.scan.items import Item

Found = Iterator[Item | Failure]


class Finder:
    """Finds images as the options have it."""

    def __init__(self, options: Options) -> None:
        """Compile the patterns."""
        self._options = options
        self._selection = Selection(options.include, options.exclude)
        self._tables = TableReader()

    def need(self, argument: str) -> None:
        """Make sure that what reads an argument is installed.

        Raises:
            ImageAuthError: it is not; the message says what brings it.
        """
        if scheme_of(argument):
            storage_of(argument)
        kind = kind_of(path_of(argument))
        if kind == "table":
            need_arrow()
        elif kind == "zst":
            need_zstandard()

    def close(self) -> None:
        """Nothing more is to be found."""
        self._tables.close()

    def find(self, argument: str, *, literal: bool = False) -> Found:
        """Images that an argument stands for.

        Args:
            argument: a file, folder, archive, table or address, or a pattern of these.
            literal: it is no pattern.

        Raises:
            ImageAuthError: what reads it is not installed.
        """
        away = scheme_of(argument) is not None
        literal = literal or (not away and os.path.lexists(argument))
        if not literal and has_braces(argument):
            for one in expand_braces(argument):
                yield from self.find(one)
        elif not literal and not is_web(argument) and has_magic(argument):
            yield from self._glob(argument, away)
        else:
            yield from self._elsewhere(argument) if away else self._here(argument)

    def _here(self, path: str) -> Found:
        if os.path.isdir(path):
            yield from self._folder(path, LocalTree(path))
        elif kind_of(path):
            yield from self._opened(LocalPlace(path), (), named=True)
        else:
            yield file_item(path)

    def _elsewhere(self, address: str) -> Found:
        if kind_of(path_of(address)) and not address.endswith("/"):
            yield from self._opened(RemotePlace(address), (), named=True)
        elif ends_like_image(address) or (is_web(address) and not address.endswith("/")):
            yield remote_item(address)
        else:  # only storage knows whether it is a folder
            try:
                facts = storage_of(address).facts(address)
            except Exception as error:  # drivers raise what their network layers do
                failure = unreadable(error)
                yield Failure(address, failure.code, str(failure))
                return
            yield from self._folder(address, RemoteTree(address)) if facts is None else [remote_item(address, facts)]

    def _folder(self, folder: str, tree: Tree) -> Found:
        # A folder called as a table is one, cut into files.
        table = kind_of(folder.rstrip("/\\")) == "table"
        yield from self._within(tree, None, Failure(folder, "empty", "is a folder without images"), named=table)

    def _glob(self, pattern: str, away: bool) -> Found:
        glob = Glob(pattern, "" if away else SEPARATORS)
        nothing = Failure(pattern, "unreadable", "matches no file")
        if away:
            yield from self._within(RemoteTree(glob.root), glob, nothing)
        elif os.path.isdir(glob.root or os.curdir):
            yield from self._within(LocalTree(glob.root), glob, nothing)
        else:
            yield nothing

    def _within(self, tree: Tree, glob: Glob | None, nothing: Failure, *, named: bool = False) -> Found:
        """Images below a folder, or what to say where there are none.

        Args:
            tree: the folder.
            glob: takes what it matches, and the images in folders that it matches; None for all images.
            nothing: to say.
            named: tables in it count as named themselves.
        """

        def enter(path: Parts) -> bool:
            return glob.enter(path) if glob else self._selection.enters(tree.readable(path))

        def keep(path: Parts) -> bool:
            seen = tree.readable(path)
            if glob is None:
                return self._wanted(seen)
            wanted = glob.matches(path) or (glob.is_below(path) and self._wanted(seen))
            return wanted and not self._selection.excludes(seen)

        empty = True
        for found in walk(tree.list, enter=enter, keep=keep, name_of=tree.name_of):
            if isinstance(found, Failure):
                items: Found = iter([found])
            elif kind_of(tree.readable(found[0])[-1]):
                matched = glob is not None and glob.matches(found[0])
                items = self._opened(tree.place(*found), tree.readable(found[0]), named=named or matched)
            else:
                items = iter([tree.item(*found)])
            for item in items:
                empty = False
                yield item
        if empty:
            yield nothing

    def _wanted(self, path: Parts) -> bool:
        return self._selection.opens(path) if kind_of(path[-1]) else self._selection.takes(path)

    def _opened(self, place: Place, base: Parts, *, named: bool) -> Found:
        """Images in an archive or table.

        Args:
            place: of it.
            base: its path below what was named.
            named: it was named itself, and not a folder that it lies in.
        """
        kind = kind_of(path_of(place.name))
        members = Members(place, self._selection, base, named)
        if kind == "table":
            return self._tables.items(Table(place, self._options.column, named))
        return zip_items(members) if kind == "zip" else tar_items(members, kind or "tar")
