"""Each generator's own form is named, and nothing that only looks like it."""

import json

import pytest

from imageauth.provenance.metadata.generation import Generation
from tests.metadata_files import (
    A1111,
    GRAPH,
    WORKFLOW,
    claims,
    comment,
    evidence,
    exif,
    hidden,
    iptc,
    jpeg_with,
    png,
    reading,
    saved,
    segment,
    xmp,
    xmp_segment,
)

SWARM = {
    "sui_image_params": {
        "prompt": "a fox", "negativeprompt": "blur", "model": "Flux/flux1-dev", "seed": 7, "steps": 25, "cfgscale": 1.5,
        "width": 1024, "height": 1024, "sampler": "euler", "swarm_version": "0.9.1.1",
    }
}  # fmt: skip
NOVELAI = {
    "prompt": "a fox",
    "uc": "blur",
    "sampler": "k_euler",
    "seed": 7,
    "steps": 28,
    "scale": 5.0,
    "request_type": "X",
}
INVOKE = {
    "app_version": "4.2.0", "generation_mode": "sdxl_txt2img", "positive_prompt": "a fox", "negative_prompt": "blur",
    "model": {"name": "juggernautXL", "key": "1"}, "scheduler": "euler", "seed": 7, "steps": 30, "cfg_scale": 7.5,
}  # fmt: skip
FOOOCUS = {
    "base_model": "juggernautXL_v8", "prompt": "a fox", "negative_prompt": "", "sampler": "dpmpp_2m", "seed": "7",
    "steps": 30, "guidance_scale": 4.0, "sharpness": 2, "resolution": "(1152, 896)", "version": "Fooocus v2.5.5",
}  # fmt: skip
DRAW_THINGS = {"c": "a fox", "uc": "blur", "sampler": "Euler a", "scale": 5, "seed": 7, "size": "512x768", "steps": 30,
               "model": "sd_v1.5.ckpt", "v2": {}}  # fmt: skip
EASY = {"prompt": "a fox", "seed": 7, "use_stable_diffusion_model": "sd-v1-4", "num_inference_steps": 25,
        "guidance_scale": 7.5, "sampler_name": "euler_a", "width": 512, "height": 512}  # fmt: skip
MFLUX = {"mflux_version": "0.9.0", "model": "dev", "prompt": "a fox", "seed": 7, "steps": 20, "guidance": 3.5}
TENSORART = {"baseModel": {"modelFileName": "sdxl_v1"}, "prompt": "a fox", "negativePrompt": "blur", "seed": "7",
             "steps": 25, "cfgScale": 7, "width": 512, "height": 768}  # fmt: skip
MATRIX = {"PositivePrompt": "a fox", "NegativePrompt": "", "ModelName": "sdxl", "Seed": 7, "Steps": 20, "CfgScale": 7}
DREAM = '"a fox [blur]" -s 50 -S 7 -W 512 -H 768 -C 7.5 -A k_lms'
MOCHI = (
    "Include in Image: a fox; Exclude from Image: blur; Model: sd-2-1; Steps: 30; Guidance Scale: 7.5; Seed: 7; "
    "Size: 512x512; Scheduler: DPM-Solver++; Generator: Mochi Diffusion 5.2"
)
SD_METADATA = {"model": "stable diffusion", "model_weights": "sd-1.5", "app_version": "2.3.0",
               "image": {"prompt": [{"prompt": "a fox", "weight": 1}], "sampler": "k_lms", "seed": 7, "steps": 50,
                         "cfg_scale": 7.5, "width": 512, "height": 512}}  # fmt: skip


def line(version: str, extra: str = "") -> str:
    return A1111.replace("Version: v1.9.4", f"Version: {version}{extra}")


@pytest.mark.parametrize(
    ("tool", "data"),
    [
        ("AUTOMATIC1111 web UI", png(parameters=A1111)),
        ("AUTOMATIC1111 web UI", saved("JPEG", exif=comment(A1111))),
        ("AUTOMATIC1111 web UI", saved("WEBP", exif=comment(A1111, "utf-16-le"))),
        ("AUTOMATIC1111 web UI", saved("AVIF", exif=comment(A1111))),
        ("Stable Diffusion WebUI Forge", png(parameters=line("f2.0.1v1.10.1-previous-659-gc055f2d4"))),
        ("AUTOMATIC1111-compatible", png(parameters=A1111.replace(", Version: v1.9.4", ""))),
        ("Stable Diffusion WebUI Forge", png(parameters=line("neo"))),
        ("Stable Diffusion WebUI reForge", png(parameters=line("f1.0.0v2-v1.10.1RC-latest-2498-g5120e679"))),
        (
            "SD.Next",
            saved("JPEG", exif=comment(line("1234abc", ", App: SD.Next, Pipeline: StableDiffusionXLPipeline"))),
        ),
        ("Civitai", saved("JPEG", exif=comment(line("x", ", Civitai resources: [{}], Civitai metadata: {}")))),
        ("ComfyUI", png(parameters=line("ComfyUI"))),
        ("stable-diffusion.cpp", png(parameters=line("stable-diffusion.cpp"))),
        ("ComfyUI", png(prompt=json.dumps(GRAPH), workflow=json.dumps(WORKFLOW))),
        ("ComfyUI", png(workflow=json.dumps(WORKFLOW))),
        ("ComfyUI", png(prompt=json.dumps(GRAPH).replace("8,", "NaN,"))),
        (
            "ComfyUI",
            saved(
                "WEBP", exif=exif({0x0110: "prompt:" + json.dumps(GRAPH), 0x010F: "workflow:" + json.dumps(WORKFLOW)})
            ),
        ),
        ("ComfyUI", saved("WEBP", exif=exif({0x010F: "Prompt: " + json.dumps(GRAPH)}))),
        ("ComfyUI", saved("AVIF", exif=comment(json.dumps({"prompt": GRAPH, "workflow": WORKFLOW})))),
        ("ComfyUI", saved("AVIF", exif=comment(json.dumps({"prompt": json.dumps(GRAPH)})))),
        (
            "Civitai",
            saved("JPEG", exif=comment(json.dumps(GRAPH | {"extraMetadata": json.dumps({"prompt": "a fox"})}))),
        ),
        ("InvokeAI", png(invokeai_metadata=json.dumps(INVOKE))),
        ("InvokeAI", png(**{"sd-metadata": json.dumps(SD_METADATA), "Dream": DREAM})),
        ("InvokeAI", png(Dream=DREAM)),
        (
            "NovelAI",
            png(
                Software="NovelAI",
                Source="Stable Diffusion XL C1E1DE52",
                Description="a fox",
                Comment=json.dumps(NOVELAI),
            ),
        ),
        ("NovelAI", saved("WEBP", exif=comment(json.dumps({"Software": "NovelAI", "Comment": json.dumps(NOVELAI)})))),
        ("NovelAI", hidden(json.dumps({"Software": "NovelAI", "Comment": json.dumps(NOVELAI)}))),
        ("NovelAI", hidden(json.dumps({"Software": "NovelAI", "Comment": json.dumps(NOVELAI)}), format="WEBP")),
        ("AUTOMATIC1111 web UI", hidden(A1111, magic=b"stealth_pnginfo")),
        ("AUTOMATIC1111 web UI", hidden(A1111, magic=b"stealth_rgbcomp", colours=True)),
        ("Fooocus", png(parameters=json.dumps(FOOOCUS), fooocus_scheme="fooocus")),
        (
            "Fooocus",
            saved(
                "JPEG",
                exif=exif(
                    {
                        0x0131: "Fooocus v2.5.5",
                        "exif": {0x9286: b"UNICODE\0" + json.dumps(FOOOCUS).encode("utf-16-be"), 0x927C: b"fooocus"},
                    }
                ),
            ),
        ),
        ("RuinedFooocus", png(parameters=json.dumps({"Prompt": "a fox", "software": "RuinedFooocus", "seed": 7}))),
        ("SwarmUI", png(parameters=json.dumps(SWARM), prompt=json.dumps(GRAPH))),
        ("SwarmUI", saved("JPEG", exif=comment(json.dumps(SWARM)))),
        (
            "Draw Things",
            jpeg_with(
                [
                    xmp_segment(
                        xmp(
                            "<xmp:CreatorTool>Draw Things</xmp:CreatorTool><exif:UserComment><rdf:Alt><rdf:li>"
                            + json.dumps(DRAW_THINGS)
                            + "</rdf:li></rdf:Alt></exif:UserComment>"
                        )
                    )
                ]
            ),
        ),
        ("Easy Diffusion", saved("JPEG", exif=comment(json.dumps(EASY)))),
        ("Easy Diffusion", png(**{"Prompt": "a fox", "Seed": "7", "Stable Diffusion model": "sd-v1-4", "Steps": "25"})),
        ("mflux", saved("PNG", exif=comment(json.dumps(MFLUX), "utf-8"))),
        ("mflux", saved("PNG", exif=exif({"exif": {0x9286: json.dumps(MFLUX).encode()}}))),
        ("TensorArt", png(generation_data=json.dumps(TENSORART) + "\0", prompt=json.dumps(GRAPH))),
        ("Stability Matrix", png(**{"parameters-json": json.dumps(MATRIX)})),
        ("Mochi Diffusion", jpeg_with([iptc(Caption=MOCHI, Program="Mochi Diffusion")])),
        (
            "Dreamina",
            saved("JPEG", exif=exif({0x010E: json.dumps({"product": "dreamina", "exportType": "generation"})})),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_parameters_are_named(tool: str, data: bytes) -> None:
    generations = reading(data).generations
    assert [one.tool for one in generations] == [tool]
    found = evidence(data)["generator-parameters"]
    assert (found.points_to, found.strength) == ("ai", "declared")
    assert tool in found.finding
    assert "fox" not in found.finding


def only(data: bytes) -> Generation:
    (one,) = reading(data).generations
    return one


def test_a1111_values() -> None:
    one = only(png(parameters=A1111))
    assert (one.prompt, one.negative_prompt) == ("a red fox, <lora:detail:0.5>, masterpiece", "blurry, lowres")
    assert (one.model, one.sampler, one.seed, one.steps) == ("v1-5-pruned", "DPM++ 2M Karras", "1234567890", 25)
    assert (one.cfg, one.width, one.height, one.version) == (6.5, 512, 768, "v1.9.4")


def test_comfyui_values() -> None:
    one = only(png(prompt=json.dumps(GRAPH)))
    assert (one.prompt, one.negative_prompt, one.model) == ("a lighthouse", "fog", "sd_xl_base_1.0.safetensors")
    assert (one.sampler, one.seed, one.steps, one.cfg) == ("euler", "156680208700286", 20, 8.0)
    assert (one.width, one.height) == (1024, 768)


def test_workflow_values() -> None:
    one = only(png(workflow=json.dumps(WORKFLOW)))
    assert (one.prompt, one.model) == ("a lighthouse", "sd_xl_base_1.0.safetensors")
    assert (one.seed, one.steps, one.cfg, one.sampler) == ("42", 20, 8.0, "euler")


def test_comfyui_values_behind_further_nodes() -> None:
    graph = {
        "1": {"class_type": "SamplerCustomAdvanced", "inputs": {
            "noise": ["2", 0], "guider": ["3", 0], "sampler": ["4", 0], "sigmas": ["5", 0]}},
        "2": {"class_type": "RandomNoise", "inputs": {"noise_seed": 42}},
        "3": {"class_type": "BasicGuider", "inputs": {"model": ["6", 0], "conditioning": ["7", 0]}},
        "4": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
        "5": {"class_type": "BasicScheduler", "inputs": {"steps": 20, "model": ["6", 0]}},
        "6": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux1-dev.safetensors"}},
        "7": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["8", 0]}},
        "8": {"class_type": "CLIPTextEncode", "inputs": {"text": ["9", 0], "clip": ["10", 0]}},
        "9": {"class_type": "String", "inputs": {"value": "a fox"}},
    }  # fmt: skip
    one = only(png(prompt=json.dumps(graph)))
    assert (one.prompt, one.model, one.seed) == ("a fox", "flux1-dev.safetensors", "42")
    assert (one.sampler, one.steps, one.cfg) == ("euler", 20, 3.5)


def test_a_graph_that_runs_in_circles_ends() -> None:
    graph = {
        str(index): {"class_type": "KSampler", "inputs": {"positive": [str((index + 1) % 500), 0], "seed": 1}}
        for index in range(500)
    }
    assert only(png(prompt=json.dumps(graph))).tool == "ComfyUI"


@pytest.mark.parametrize(
    ("tool", "data"),
    [
        (
            "Midjourney",
            png(Description="a fox --ar 3:2 --v 6.0 Job ID: 01234567-89ab-cdef-0123-456789abcdef", Author="me"),
        ),
        ("Midjourney", saved("JPEG", exif=exif({0x010E: "a fox --ar 3:2 --stylize 250 --v 5.2"}))),
        ("Midjourney", jpeg_with([iptc(Caption="a fox --niji 6 --ar 2:3")])),
        ("DALL·E", saved("JPEG", exif=exif({"exif": {0x9286: b"Made with OpenAI Labs"}}))),
        ("DALL·E", saved("JPEG", exif=exif({"exif": {0x927C: b"OpenAI--ImageGeneration--generation-abc"}}))),
        (
            "Grok",
            saved(
                "JPEG", exif=exif({0x010E: "Signature: " + "Ab3+" * 60, 0x013B: "01234567-89ab-cdef-0123-456789abcdef"})
            ),
        ),
        (
            "FLUX",
            saved(
                "JPEG",
                exif=exif({0x0131: "AI generated;txt2img;flux", 0x010F: "Black Forest Labs", 0x0110: "flux-dev"}),
            ),
        ),
        ("Ideogram", saved("JPEG", exif=exif({0x010F: "Ideogram AI"}))),
        ("Adobe Firefly", saved("JPEG", exif=exif({0x0131: "Adobe Firefly"}))),
        ("Stability AI", saved("PNG", exif=exif({0x0131: "Stability AI"}))),
        ("Leonardo.Ai", png(Software="Leonardo.Ai")),
        ("Google AI", jpeg_with([xmp_segment(xmp("<xmp:CreatorTool>Google Gemini</xmp:CreatorTool>"))])),
        ("DALL-E 3", jpeg_with([xmp_segment(xmp("<Iptc4xmpExt:AISystemUsed>DALL-E 3</Iptc4xmpExt:AISystemUsed>"))])),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_traces_are_named(tool: str, data: bytes) -> None:
    assert tool in [trace.tool for trace in reading(data).traces]
    found = evidence(data)["generator-trace"]
    assert (found.points_to, found.strength) == ("ai", "declared")


@pytest.mark.parametrize(
    "data",
    [
        png(Description="My review of Midjourney, DALL-E and Stable Diffusion"),
        png(Comment="Midjourney"),
        png(Title="Steps: 3, then turn left"),
        png(parameters="a=1, b=2"),
        png(parameters="Steps: 3, Size: large, Seed: poppy, Model: none"),
        png(parameters="Steps: 12, Sampler: drill, Model: X200, Size: big"),
        png(prompt="What did you eat?", workflow="upload, resize, publish"),
        png(prompt=json.dumps({"1": {"inputs": {}}}), workflow=json.dumps({"nodes": []})),
        png(workflow=json.dumps({"nodes": [1, 2], "links": []})),
        png(Dream='"I dreamt" of a house'),
        png(Software="Adobe ImageReady", Source="Stable"),
        png(Comment=json.dumps({"prompt": "enter your name", "seed": 1})),
        png(Comment=json.dumps({"c": 1, "uc": 2})),
        png(Comment=json.dumps({"model": "EOS", "steps": 3})),
        png(Author="01234567-89ab-cdef-0123-456789abcdef", Description="Signature: A. Painter"),
        png(Description="npm run build --ar --quality high"),
        png(Description="git log --v 2"),
        saved("JPEG", exif=exif({0x010E: "Photo of the Midjourney booth", 0x013B: "Leonardo"})),
        saved("JPEG", exif=exif({0x010F: "Leonardo", 0x0110: "Imagen 1", 0x0131: "Imagen Capture Tool"})),
        saved("JPEG", exif=exif({0x0131: "f.lux 4.1"})),
        saved("JPEG", exif=exif({0x0131: "Firefly III camera firmware"})),
        saved("JPEG", exif=exif({0x0131: "Gemini scanner"})),
        saved("JPEG", exif=exif({0x0131: "Canva"})),
        saved("JPEG", exif=comment("Seed: sunflower, Size: 3 acres, Steps: 4")),
        jpeg_with(
            [iptc(Keywords="Midjourney", Caption="Painted by hand, not with Midjourney or DALL-E", Byline="Dall E")]
        ),
        jpeg_with([iptc(Credit="Photo: A. Bauer / not made with AI")]),
        jpeg_with([segment(0xFE, b"Stable Diffusion conference 2023, hall 4")]),
        jpeg_with([xmp_segment(xmp("<dc:title>Made with Google AI</dc:title>"))]),
        jpeg_with([xmp_segment(xmp("<xmp:CreatorTool>Adobe Photoshop 25.0</xmp:CreatorTool>"))]),
    ],
)
def test_prose_and_lookalikes_are_no_claim(data: bytes) -> None:
    assert claims(data) == []


def test_hidden_pixels_are_only_decoded_for_the_magic_word(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(data: bytes) -> None:
        raise AssertionError("decoded")

    data = png(image=reading and None)
    monkeypatch.setattr("imageauth.provenance.metadata.generators.hidden._decode", fail)
    assert reading(data).problems == ()
    assert "AssertionError" in reading(hidden(A1111)).problems[0]


def test_a_damaged_hidden_record_is_a_finding() -> None:
    data = hidden("x" * 20, magic=b"stealth_pngcomp")
    broken = hidden("not gzip", magic=b"stealth_pnginfo")
    assert reading(broken).generations == ()
    assert reading(data).problems == ()


def test_nothing_of_the_prompt_is_in_the_sentence_and_long_ones_are_cut() -> None:
    found = evidence(png(parameters="fox " * 9000 + "\n" + A1111))["generator-parameters"]
    assert len(found.detail["prompt"]) <= 2000
    assert "fox" not in found.finding
