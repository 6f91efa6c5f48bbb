"""Each generator's own form is named, and nothing that only looks like it."""

import json

import pytest

from imageauth.provenance.metadata.generation import Generation
from tests.metadata_files import (
    A1111,
    CAMERA,
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


def software(name: str) -> bytes:
    return saved("JPEG", exif=exif({0x0131: name}))


@pytest.mark.parametrize(
    "name",
    [
        "OpenAir St. Gallen", "Openair Frauenfeld", "Leonardo Aircraft Division", "Leonardo AI camera system",
        "Wombourne Camera Club", "Stability Air", "Novel Airways", "Luma Airlines", "Starry Air",
        "Playground Aircraft", "Invoke Airbag", "Kling Airport", "Krea Air", "Google AIY Vision", "Ideogram",
        "Gemini 4G", "Gemini 2 telescope mount", "Gemini 2 Pro", "Imagen 3", "Firefly Image Recorder 2",
        "Grok", "Grok Image Compression 10.0", "Dalle", "Dall E. Petersen", "Dall-Ears", "Draw Things for Kids",
        "Easy Diffusion Filter 2", "Microsoft Bing Image of the Day", "Stable Image Ultra HD", "Reve Image Studio",
        "Runway General Aviation", "DreamStudio Photo Booth", "NightCafe Press Photos", "SeaArt Gallery Scanner",
        "HiDreamers", "Hunyuanshan", "Fooocuser", "Flux-Pro 200", "Flux.12", "AI generated; no", "AI-generated; false",
        "Meta AI", "Doubaoshan", "Jimengzhou", "Midjourneyman", "Image Playground for Kids", "TensorArtist",
        "Civitaiello", "MFluxer", "PixAir", "ChatGPTs",
    ],
)  # fmt: skip
def test_firms_places_and_devices_are_no_generators(name: str) -> None:
    assert claims(software(name)) == []
    assert claims(saved("JPEG", exif=exif({0x010F: name, 0x0110: "Camera 1"}))) == []
    packet = xmp(f"<photoshop:Source>{name}</photoshop:Source><xmp:CreatorTool>{name}</xmp:CreatorTool>")
    assert claims(jpeg_with([xmp_segment(packet), iptc(Source=name)])) == []
    assert claims(png(Source=name, Software=name)) == []


@pytest.mark.parametrize(
    "name",
    [
        "OpenAI", "OpenAI press office", "Stability AI", "Midjourney Magazine, No. 4", "Leonardo.Ai", "Civitai",
        "DreamStudio", "NightCafe", "Black Forest Labs", "SeaArt", "Jimeng", "Luma AI", "Google AI", "Ideogram AI",
        "Stable Diffusion conference", "Adobe Firefly launch event", "DALL-E exhibition",
    ],
)  # fmt: skip
def test_a_source_that_people_fill_in_is_no_signature(name: str) -> None:
    assert claims(jpeg_with([iptc(Source=name)])) == []
    assert claims(jpeg_with([xmp_segment(xmp(f"<photoshop:Source>{name}</photoshop:Source>"))])) == []
    assert claims(png(Source=name)) == []


@pytest.mark.parametrize("name", ["Midjourney", "DALL-E 3", "Adobe Firefly", "Stable Diffusion XL C1E1DE52"])
def test_a_source_that_is_nothing_but_a_generator_is_a_claim(name: str) -> None:
    for data in (
        jpeg_with([iptc(Source=name)]),
        jpeg_with([xmp_segment(xmp(f"<photoshop:Source>{name}</photoshop:Source>"))]),
        png(Source=name),
    ):
        assert claims(data) == ["generator-trace"]


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("OpenAI", "ChatGPT"), ("OpenAI", "gpt-image-1"), ("OpenAI", "OpenAI API"), ("DALL·E", "DALL·E 3"),
        ("DALL·E", "dalle-3"), ("Google AI", "gemini-2.5-flash-image"), ("Google AI", "Gemini 3 Pro Image"),
        ("Google AI", "imagen-4.0-generate-001"), ("Google AI", "Nano Banana Pro"),
        ("Adobe Firefly", "Firefly Image 4"),
        ("Leonardo.Ai", "Leonardo.ai"), ("Stability AI", "Stability.ai"), ("Stable Diffusion", "StableDiffusionXL"),
        ("Stable Diffusion", "Created by Stable Diffusion"), ("Hunyuan", "HunyuanImage 3.0"), ("ComfyUI", "ComfyUI"),
        ("Midjourney", "Made with Midjourney"), ("Draw Things", "Draw Things 1.20240101"), ("Grok", "Grok Imagine"),
        ("Apple Image Playground", "Image Playground"), ("Meta AI", "Imagine with Meta AI"), ("Wombo Dream", "WOMBO"),
        ("Bing Image Creator", "Image Creator from Designer"), ("FLUX", "FLUX.1-dev"), ("NovelAI", "NovelAI"),
        ("Runway", "Runway Gen-4"), ("Seedream", "Seedream 4.0"), ("Qwen-Image", "Qwen-Image-2512"),
    ],
)  # fmt: skip
def test_names_that_software_signs_with(tool: str, name: str) -> None:
    data = jpeg_with([xmp_segment(xmp(f"<xmp:CreatorTool>{name}</xmp:CreatorTool>"))])
    assert [trace.tool for trace in reading(data).traces] == [tool]
    assert claims(data) == ["generator-trace"]


def test_glasses_of_a_firm_that_also_generates_are_a_camera() -> None:
    data = saved("JPEG", exif=exif(CAMERA | {0x010F: "Meta AI", 0x0110: "Ray-Ban Meta Smart Glasses 2"}))
    assert claims(data) == []
    assert reading(data).camera.maker == "Meta AI"  # type: ignore[union-attr]


def ai_system(value: str, rest: str = "") -> bytes:
    return jpeg_with([xmp_segment(xmp(f"<Iptc4xmpExt:AISystemUsed>{value}</Iptc4xmpExt:AISystemUsed>{rest}"))])


@pytest.mark.parametrize(
    "value",
    [
        "None",
        "n/a",
        "N.A.",
        "no",
        "-",
        "–",
        "false",
        "not applicable",
        "No AI was used",
        "nil",
        "keine",
        "无",
        "unknown",
    ],
)
def test_no_ai_system_is_no_claim(value: str) -> None:
    assert claims(ai_system(value)) == []
    prompt = "<Iptc4xmpExt:AIPromptInformation>There was no prompt</Iptc4xmpExt:AIPromptInformation>"
    assert claims(ai_system(value, prompt)) == []


def test_an_ai_system_made_or_changed_the_picture() -> None:
    found = evidence(ai_system("DALL-E 3"))
    assert found.keys() == {"generator-trace-edited"}
    item = found["generator-trace-edited"]
    assert (item.points_to, item.strength, item.detail["tool"]) == ("ai", "declared", "DALL-E 3")
    assert [trace.tool for trace in reading(ai_system("yes")).traces] == ["AI system"]
    prompt = "<Iptc4xmpExt:AIPromptInformation>a fox</Iptc4xmpExt:AIPromptInformation>"
    assert claims(jpeg_with([xmp_segment(xmp(prompt))])) == ["generator-trace-edited"]
    # A generator that signs says more, and is told once.
    tool = "<xmp:CreatorTool>DALL·E 3</xmp:CreatorTool>"
    assert claims(ai_system("DALL-E 3", tool)) == ["generator-trace"]


def test_one_step_of_a_history_is_a_part() -> None:
    steps = (
        '<xmpMM:History xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
        'xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"><rdf:Seq>'
        '<rdf:li stEvt:softwareAgent="Adobe Photoshop 26.0"/><rdf:li stEvt:softwareAgent="Adobe Firefly"/>'
        "</rdf:Seq></xmpMM:History>"
    )
    assert claims(jpeg_with([xmp_segment(xmp(steps))])) == ["generator-trace-edited"]


JOB = "01234567-89ab-cdef-0123-456789abcdef"
GUID = "<Iptc4xmpExt:DigImageGUID>{}</Iptc4xmpExt:DigImageGUID>"


@pytest.mark.parametrize(
    "data",
    [
        png(Description=f"Roof survey, Job ID: {JOB}"),
        png(Description=f"Roof survey, Job ID: {JOB}", Author="J. Miller"),
        png(Description=f"Roof survey -- Job ID: {JOB}, sheet 2", Author="J. Miller"),
        saved("JPEG", exif=exif({0x010E: f"Roof survey, Job ID: {JOB}", 0x013B: "J. Miller"})),
        jpeg_with([iptc(Caption=f"Job ID: {JOB}", Byline="J. Miller")]),
        jpeg_with([xmp_segment(xmp(GUID.format(JOB))), iptc(Caption=f"Roof survey, Job ID: {JOB}")]),
        png(Comment="render --version 2 --seed 42 --quality 90"),
        png(Comment="cjxl in.png out.jxl --v 2 --quality 90"),
        saved("JPEG", exif=comment("Made with OpenAir, the festival app")),
        saved("JPEG", exif=comment("Made with OpenAI? No: with a Leica.")),
        saved("JPEG", exif=exif({0x013C: "comfyui-server"})),
    ],
)
def test_lookalikes_of_services_patterns_are_no_claim(data: bytes) -> None:
    assert claims(data) == []


def test_a_job_of_midjourney_needs_more_than_a_number() -> None:
    texts = {"Description": f"a fox Job ID: {JOB}", "Author": "fox-lover"}
    guid = {"XML:com.adobe.xmp": xmp(GUID.format(JOB)).decode()}
    assert claims(png(international=True, **texts, **guid)) == ["generator-trace"]
    other = {"XML:com.adobe.xmp": xmp(GUID.format(JOB[::-1])).decode()}
    assert claims(png(international=True, **texts, **other)) == []
    assert claims(png(Description=f"a fox --ar 2:3 Job ID: {JOB}")) == ["generator-trace"]
    assert claims(png(Description=f"a fox --v 6.1 Job ID: {JOB}")) == ["generator-trace"]
    assert claims(png(Description=f"a fox --s 750 Job ID: {JOB}")) == ["generator-trace"]


def test_hidden_pixels_are_only_decoded_for_the_magic_word(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(data: bytes) -> None:
        raise AssertionError("decoded")

    data = png(image=reading and None)
    monkeypatch.setattr("imageauth.provenance.metadata.generators.hidden._by_pillow", fail)
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
