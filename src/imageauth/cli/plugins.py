"""``imageauth plugins``"""

import json
from typing import Annotated

import typer


def plugins(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a plug-in, one a line.")] = False,
) -> None:
    """Show the plug-ins of installed packages: what each adds, and whether it can be loaded.

    A plug-in is code of another package and runs with all your rights. IMAGEAUTH_NO_PLUGINS=1 leaves all out.

    Exit code: 0 all can be used, 1 at least one cannot.
    """
    from imageauth.errors import ImageAuthError
    from imageauth.models import plugin_folder, plugin_models
    from imageauth.pixels.model import PixelModel
    from imageauth.plugins import GROUPS, OFF, is_off
    from imageauth.provenance.plugin_sources import plugin_sources
    from imageauth.rendering.plugin_renderers import plugin_renderers

    found = (*plugin_sources(), *plugin_models(), *plugin_renderers())
    failed = False
    for plugin in found:
        reason = None
        try:
            if plugin.kind == "model":
                plugin_folder(plugin)
                PixelModel.load(plugin.name)
            else:
                plugin.function()
        except ImageAuthError as error:
            reason, failed = str(error), True
        if as_json:
            about = {"name": plugin.name, "kind": plugin.kind, "group": GROUPS[plugin.kind], "package": plugin.package}
            print(json.dumps({**about, "version": plugin.version, "loads": reason is None, "reason": reason}))
        else:
            print(f"{plugin.kind:<9} {plugin.name:<24} {plugin.label:<36} {reason or 'loads'}")
    if not as_json:
        if is_off():
            print(f"{OFF} is set: plug-ins are left out.")
        elif not found:
            print("No plug-ins are installed.")
        else:
            print(f"Plug-ins run with all your rights; {OFF}=1 leaves them out.")
    if failed:
        raise typer.Exit(1)
