"""What the file says, where Python itself runs in a browser (Pyodide): the same readers, without a decoder of pictures.

:class:`FileReader` is what the page's worker calls. What only the browser can do, the worker does in between: it asks
the WebAssembly build of the C2PA library, and decodes a picture in whose pixels parameters may hide.
"""

from imageauth.provenance.browser.reading import FileReader
from imageauth.provenance.metadata.generators.hidden import Raster

__all__ = ["FileReader", "Raster"]
