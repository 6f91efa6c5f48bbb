"""What metadata say: generators' parameters, standard marks, credit lines, a camera's EXIF.

Everything here is read from a file's bytes within bounds, without decoding the picture (but for hidden parameters), and
without executing or fetching anything. Texts of a file are data: they are escaped where they are shown.
"""

from imageauth.provenance.metadata.evidence import ask
from imageauth.provenance.metadata.reading import Metadata, read

__all__ = ["Metadata", "ask", "read"]
