"""Runs one piece of code under a skill's import lists. Started by `python3 -I -c`, task on stdin.

The lists are a rule for code, enforced in three steps: the source is read before it runs, imports
are checked while it runs, and what blocked modules are blocked for (processes, connections) is
stopped where the interpreter reports it. They do not contain code that works hard to get around
them: the sandbox does.
"""

import ast
import builtins
import json
import os
import sys
import traceback
import types

# Modules by which others are loaded without an import. With a list, only where they are allowed.
LOADERS = {
    "_ctypes", "_frozen_importlib", "_frozen_importlib_external", "_imp", "cffi", "ctypes", "imp",
    "importlib", "pkgutil", "runpy", "zipimport",
}
# What the interpreter itself imports in the name of the code that runs: for dates, for pickles.
INTERNAL = {
    "__future__", "_compat_pickle", "_datetime", "_decimal", "_pydatetime", "_strptime", "copyreg",
    "unicodedata",
}
# Other names of the same thing.
ALIASES = {
    "os": {"posix", "nt"},
    "subprocess": {"_posixsubprocess", "pty"},
    "socket": {"_socket"},
}
# What is reported of blocked modules, however they were reached.
ALWAYS = {
    "subprocess": ("subprocess.Popen",),
    "socket": (
        "socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostby", "socket.sendmsg",
        "socket.sendto",
    ),
    "ctypes": ("ctypes.",),
}
# The same, where the code itself asked for it: the standard library needs these too.
DIRECT = {"os": ("os.", "pty."), "shutil": ("shutil.",)}


class Refused(ImportError):
    """An import that the skill does not let through."""


def make_guard(task, here):
    allowed = task["allowed"]
    blocked = set(task["blocked"])
    for name in task["blocked"]:
        blocked |= ALIASES.get(name, set())
    prefix = sys.base_prefix.rstrip("/") + "/"
    packages = os.path.join(here, task["packages"])
    own_names = sys.stdlib_module_names | set(sys.builtin_module_names)
    exists = os.path.exists

    def under(name, names):
        return any(name == other or name.startswith(other + ".") for other in names)

    def is_local(top):
        if top in own_names:
            return False
        places = [os.path.join(place, top) for place in (here, packages)]
        return any(exists(place) or exists(place + ".py") for place in places)

    def check(name):
        if under(name, blocked):
            raise Refused(f"import of `{name}` is blocked for this skill")
        top = name.partition(".")[0]
        if top in LOADERS and not under(name, allowed or ()):
            raise Refused(f"import of `{name}` is blocked for this skill: it gets around import lists")
        if name in INTERNAL:
            return
        if allowed is not None and not under(name, allowed) and not is_local(top):
            listed = ", ".join(allowed) or "none"
            raise Refused(f"import of `{name}` is not allowed for this skill; allowed: {listed}")

    def check_from(name, items):
        check(name)
        for item in items or ():
            # Of an allowed module anything may be taken that is not itself blocked.
            if isinstance(item, str) and under(f"{name}.{item}", blocked):
                raise Refused(f"import of `{name}.{item}` is blocked for this skill")

    def trusted(file):
        return file.startswith("<frozen ") or file.startswith(prefix) and not file.startswith(here)

    def is_asked_by_code(frame, own_file):
        while frame is not None and frame.f_code.co_filename == own_file:
            frame = frame.f_back
        return frame is not None and not trusted(frame.f_code.co_filename)

    def read(tree):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    check(alias.name)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                check_from(node.module, [alias.name for alias in node.names])

    real = builtins.__import__
    getframe = sys._getframe

    def guarded(name, globals=None, locals=None, fromlist=(), level=0):
        if not trusted(getframe(1).f_code.co_filename):
            if level:
                # A relative import is of the package that the caller claims to be.
                package = str((globals or {}).get("__package__") or "")
                check(".".join(part for part in (package, name) if part))
            else:
                check_from(name, fromlist)
        return real(name, globals, locals, fromlist, level)

    always = tuple(event for name in blocked for event in ALWAYS.get(name, ()))
    library = os.path.dirname(os.__file__)
    files = {
        event: os.path.join(library, name + ".py") for name in blocked for event in DIRECT.get(name, ())
    }

    def audit(event, args):
        if always and event.startswith(always):
            raise PermissionError(f"`{event}` is blocked for this skill")
        for start, file in files.items():
            if event.startswith(start) and is_asked_by_code(getframe(1), file):
                raise PermissionError(f"`{event}` is blocked for this skill")
        # Code that passes for the standard library's would be trusted.
        if event == "compile" and isinstance(args[1], str) and trusted(args[1]):
            if is_asked_by_code(getframe(1), None):
                raise PermissionError("code may not be compiled under this name")
        if event == "code.__new__" and is_asked_by_code(getframe(1), None):
            raise PermissionError("code may not be made by hand")

    def install():
        builtins.__import__ = guarded
        sys.addaudithook(audit)

    return read, install


def run(task):
    here = os.getcwd()
    # At the end, so that nothing in the workspace stands in for the standard library.
    sys.path += [here, os.path.join(here, task["packages"])]
    name = task["file"] or "<code>"
    source = task["code"]
    if source is None:
        name = os.path.join(here, name)
        with open(name, "rb") as file:
            source = file.read()
    tree = ast.parse(source, name)
    module = types.ModuleType("__main__")
    module.__file__ = name
    sys.modules["__main__"] = module
    sys.argv = [name]
    code = compile(tree, name, "exec")
    if task["restricted"]:
        read, install = make_guard(task, here)
        read(tree)
        install()
    exec(code, module.__dict__)
    return module


def main():
    task = json.loads(sys.stdin.buffer.read())
    variable = task["variable"]
    try:
        module = run(task)
    except SystemExit:
        raise
    except Refused as error:
        print(f"ImportError: {error}", file=sys.stderr)
        sys.exit(1)
    except BaseException as error:
        # The frames of this file say nothing to whoever wrote the code.
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename == "<string>":
            frames = frames.tb_next
        traceback.print_exception(type(error), error, frames)
        sys.exit(1)
    if variable is not None:
        if variable not in module.__dict__:
            print(f"The variable `{variable}` is not defined.", file=sys.stderr)
            sys.exit(1)
        print(module.__dict__[variable])


main()
