"""How much of a hostile file is read. Everything beyond is left out and said to be left out."""

MAX_VALUE = 4 * 2**20  # bytes of one text, EXIF, XMP or IPTC block
MAX_TOTAL = 16 * 2**20  # bytes of all blocks of a file together
MAX_UNPACKED = 48 * 2**20  # bytes that are unpacked on the way, those of bombs included
MAX_BLOCKS = 256  # blocks of a file
MAX_STEPS = 400_000  # segments or sub-blocks that are stepped over on the way
# Of a PNG. 64 MiB of pixels in pieces of 8 KiB, the smallest that writers use for large pictures, are 8,192.
MAX_CHUNKS = 50_000

MAX_EXIF_TEXT = 8 * 2**20  # bytes of all texts of all EXIF blocks: tags may share their bytes
MAX_TAGS = 512  # of one EXIF directory
MAX_NUMBERS = 256  # of one EXIF tag

MAX_XMP_PACKETS = 8
MAX_XMP_TOTAL = 6 * 2**20  # bytes of all packets that are parsed
MAX_XMP_DEPTH = 64
MAX_XMP_NODES = 50_000  # elements and attributes
MAX_XMP_VALUES = 4_000
MAX_XMP_ATTRIBUTES = 2_000  # of one element
MAX_XMP_PREFIXES = 200  # that are known at one place

MAX_JSON = 3 * 2**20  # characters of one JSON text that is parsed
MAX_JSON_TOTAL = 6 * 2**20  # of all of them
MAX_NODES = 5_000  # of a ComfyUI graph

MAX_PARAMETER_LINE = 16 * 2**10  # characters of a line of parameters
MAX_PROMPT = 8_192  # characters of a prompt that are kept
MAX_SHORT = 300  # characters of a name, a sampler, a software tag
MAX_SHOWN = 2_000  # characters of a value in evidence and tables


def clip(text: str, limit: int = MAX_SHORT) -> str:
    """At most ``limit`` characters; what was cut shows as an ellipsis. Lone surrogates are replaced.

    JSON may hold lone surrogates, which no encoder would write again.
    """
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return text.encode("utf-8", "replace").decode("utf-8")
