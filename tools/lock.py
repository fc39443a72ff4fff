"""Print the installed packages of this environment as plain pins, for constraints.txt.

Local version labels (``2.9.0+cpu``) and this package itself are left out, so that the
file holds on any machine.
"""

from importlib.metadata import distributions

LEFT_OUT = {"coreselect", "pip"}

if __name__ == "__main__":
    pins = {d.name.lower().replace("_", "-"): d.version for d in distributions()}
    print("# Tested versions, for development and CI only; made by `make lock`.")
    for name, version in sorted(pins.items()):
        if name not in LEFT_OUT:
            print(f"{name}=={version.split('+')[0]}")
