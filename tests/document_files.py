"""Pictures whose names and metadata try to break out of whatever shows them."""

from pathlib import Path

from tests.metadata_files import exif, png, saved, xmp, xmp_segment
from tests.metadata_files import picture as drawing

# Of HTML, CSS, Typst, Markdown, Python's formatting and JSON; and what turns, hides or piles text.
ATTACK = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> "
    '#set page(width: 1pt) #panic("x") #eval("1+1") $ x $ *bold* _it_ `raw` @ref <label> = H \\ // /* '
    "[link](javascript:alert(1)) {title} {0} %s </style><style>*{display:none}</style> <!-- ]]> ' \" & &lt; "
)
TURNED = (
    "abc\u202egnp.exe\u202c \u2066x\u2069 \u200b\ufeff 中文 عربي שלום \U0001f600 \U0001f468\u200d\U0001f469 e"
    + "\u0301" * 300
)


def write(folder: Path) -> list[str]:
    """Write them, small enough for the quick model, and give their paths."""
    prompt = f"{ATTACK}{TURNED}"
    files = {
        "parameters.png": png(parameters=f"{prompt}\nSteps: 20, Sampler: {ATTACK[:40]}, Seed: 5, Model: {ATTACK[:60]}"),
        "international.png": png(international=True, parameters=f"{prompt}\x01\x7f\nSteps: 20, Sampler: a, Seed: 5"),
        "megabyte.png": png(parameters="w" * 2**20 + "\nSteps: 20, Sampler: Euler, Seed: 5, Size: 512x512"),
        "lines.png": png(parameters="a\n" * 5000 + "\nSteps: 20, Sampler: Euler, Seed: 5, Size: 512x512"),
        "camera.jpg": saved(
            "JPEG", exif=exif({0x010F: ATTACK[:60], 0x0110: TURNED[:40], 0x0131: "#panic()", 0x010E: "A" * 60_000})
        ),
    }
    packet = xmp(f"<photoshop:Credit>{'&lt;b&gt;' * 50}#panic()</photoshop:Credit>")
    data = saved("JPEG")
    files["credit.jpg"] = data[:2] + xmp_segment(packet) + data[2:]
    files["evil \u202egnp.<script>alert(1)<\u2215script>#panic() `x` $y$ 中文 عربي {0}.png"] = saved("PNG")
    files["x" * 240 + ".png"] = saved("PNG", image=drawing(seed=2))
    paths = []
    for name, content in files.items():
        (folder / name).write_bytes(content)
        paths.append(str(folder / name))
    return paths
