import pytest

from ledger.capture.places import Places, Rules, is_source, source_of

HOME = "/home/ann"
PLACES = Places(
    root=f"{HOME}/work",
    prefixes=("/usr", f"{HOME}/work/.venv", f"{HOME}/py/cpython-3.12", "/srv/lib/python3.12/site-packages"),
    skip=(f"{HOME}/work/.ledger", "/srv/tools/ledger"),
    repositories=(f"{HOME}/other", f"{HOME}/work/.venv/src/vendored"),
    home=HOME,
    temporary="/scratch/tmp",
    ignore=("logs/*", "/srv/feed", "*.lock"),
)


@pytest.mark.parametrize(
    "path",
    [
        f"{HOME}/work/data.csv",
        f"{HOME}/work/train.py",
        f"{HOME}/work/deep/data/1.npy",
        f"{HOME}/data.csv",
        f"{HOME}/other/data.csv",
        f"{HOME}/work/.venv/src/vendored/x.py",
        f"{HOME}/.cache/huggingface/hub/model.bin",
        f"{HOME}/.cache/torch/hub/checkpoints/resnet.pth",
        *(f"{HOME}/.keras/models/x.h5", f"{HOME}/.keras/datasets/mnist.npz", f"{HOME}/.mne/x"),
        *(f"{HOME}/nltk_data/corpora/x", f"{HOME}/scikit_learn_data/x", f"{HOME}/.EasyOCR/model/x.pth"),
        *(
            f"{HOME}/.cache/clip/ViT.pt",
            f"{HOME}/.cache/kagglehub/x",
            f"{HOME}/.cache/huggingface/datasets/x",
        ),
        *(f"{HOME}/.astropy/cache/x", f"{HOME}/.fastai/data/x", f"{HOME}/.duckdbs", f"{HOME}/models/x.pt"),
        *("/data/models/x.pt", "/tmp/rays/x", "/tmp/ray.csv"),
        f"{HOME}/.local/bin/tool",
        f"{HOME}/.local/lib/libx.so",
        "/data/x",
        "/mnt/imagenet/train/1.jpg",
        "/x",
        "/tmp/x",
        "/tmp/matplotlib-plot.png",
        f"{HOME}/work/uv",
        "/scratch/tmp/x",
        "/opt/data/x.csv",
        "/srv/lib/x.so.6",
        "/usr/share/dict/words",
        "/usr/local/share/nltk_data/corpus",
        "/usr/share/x",
        "/runs/x",
        "/library/x",
    ],
)
def test_data(path):
    assert PLACES.is_input(path)
    assert PLACES.is_output(path)


@pytest.mark.parametrize(
    "path",
    [
        *("/proc/self/maps", "/dev/null", "/sys/devices/x", "/run/user/1/x", "/dev/shm/x"),
        *(
            "/usr/lib/x.so",
            "/usr/local/lib/python3.11/os.py",
            "/usr/bin/sh",
            "/bin/sh",
            "/lib/x86_64/libc.so.6",
        ),
        *(
            "/lib64/ld-linux.so.2",
            "/etc/hosts",
            "/etc",
            "/var/lib/x",
            "/var/cache/x",
            "/opt/cuda/libcudart.so.12",
        ),
        *(
            "/opt/tool/bin/tool",
            "/usr/share/locale/de/x",
            "/usr/share/zoneinfo/UTC",
            "/usr/share/fonts/a/b.ttf",
        ),
        *("/usr/share/perl/5.36/x.pm", "/usr/share/python3/x", "/usr/share/tcl8.6/x", "/usr/share/perl5/x"),
        f"{HOME}/work/.venv/bin/python",
        f"{HOME}/work/.venv/pyvenv.cfg",
        f"{HOME}/work/.venv/lib/python3.12/site-packages/a.py",
        f"{HOME}/py/cpython-3.12/lib/os.py",
        "/srv/lib/python3.12/site-packages/a/data.json",
        f"{HOME}/work/.git/index",
        f"{HOME}/work/.git",
        f"{HOME}/work/.ledger/x",
        f"{HOME}/work/sub/__pycache__/a.cpython-312.pyc",
        f"{HOME}/work/node_modules/a/b.js",
        f"{HOME}/work/logs/1",
        f"{HOME}/work/logs/deep/1",
        f"{HOME}/work/a/b.lock",
        "/srv/feed/1",
        "/srv/tools/ledger/capture/x.py",
        "/srv/venv/bin/python3.12",
        "/srv/venv/pyvenv.cfg",
        "/srv/venv/lib/python3.12/os.py",
        "/srv/lib/libpython3.12.so.1.0",
        f"{HOME}/.cache/matplotlib/fontlist.json",
        f"{HOME}/.cache/fontconfig/x",
        f"{HOME}/.cache/torch/kernels/x",
        f"{HOME}/.triton/cache/x",
        f"{HOME}/.bashrc",
        f"{HOME}/.ipython/profile_default/history.sqlite",
        f"{HOME}/.local/lib/python3.12/site-packages/a/b.py",
        "/tmp/torchinductor_ann/x",
        "/scratch/tmp/pymp-1/x",
        *("/tmp/pytest-of-ann/pytest-1/test_a0/x", "/tmp/dask-scratch-space/purge.x", "/tmp/uv-c5bb.lock"),
        *("/srv/ann/.pyenv/libexec/pyenv", f"{HOME}/work/.gitignore", f"{HOME}/work/sub/.gitattributes"),
        *(f"{HOME}/.local/bin/uv", "/srv/miniforge/bin/conda"),
    ],
)
def test_nobodys_data(path):
    assert not PLACES.is_input(path)
    assert not PLACES.is_output(path)


@pytest.mark.parametrize(
    "path",
    [
        *(
            ".config/matplotlib/matplotlibrc",
            ".config/tool.toml",
            ".config/dask/dask.yaml",
            ".keras/keras.json",
        ),
        *(".config/Ultralytics/settings.json", ".config/wandb/settings", ".fastai/config.ini", ".netrc"),
        *(".ipython/profile_default/startup/0.py", ".ipython/profile_default/startup/README"),
        *(".jupyter/jupyter_notebook_config.json", ".dask/config.yaml", ".streamlit/config.toml"),
        *(".plotly/.credentials", ".kaggle/kaggle.json", ".mne/mne-python.json", ".duckdb/extensions/x"),
        *(".cache/wandb/artifacts/obj/md5/00/x", "../xdg/tool.toml"),
    ],
)
def test_settings_are_read_but_no_results(path):
    places = Places.of({"HOME": HOME, "XDG_CONFIG_HOME": "/home/xdg"}, root=f"{HOME}/work")
    path = f"/home/{path[3:]}" if path.startswith("../") else f"{HOME}/{path}"
    assert places.is_input(path)
    assert not places.is_output(path)
    inside = Places(root=path.rpartition("/")[0], home=HOME)
    assert inside.is_output(f"{inside.root}/x")


@pytest.mark.parametrize(
    "path",
    [
        *(".ipython/profile_default/history.sqlite", ".jupyter/migrated", ".jupyter/lab/workspaces/x"),
        *(".local/share/jupyter/runtime/kernel-1.json", ".local/share/jupyter/nbsignatures.db"),
        *(".local/share/wandb/artifacts/staging/tmpv0k77j15", ".cache/wandb/logs/core-debug.log"),
        *(".nv/ComputeCache/0/1/x", ".triton/cache/x", ".cache/numba/x", ".cache/torch/kernels/x"),
        *(".cache/huggingface/hub/version.txt", ".cache/huggingface/hub/.locks/m/x.lock", ".pki/nssdb/x"),
        *("../../tmp/ray/session_latest/logs/x", "../../tmp/torchelastic_x1/none_a/attempt_0/0/error.json"),
        *("../../tmp/ipykernel_71/1.py", "../../tmp/node-compile-cache/v20/x"),
    ],
)
def test_what_tools_write_for_themselves(path):
    path = path[5:] if path.startswith("../../") else f"{HOME}/{path}"
    assert not PLACES.is_input(path)
    assert not PLACES.is_output(path)


@pytest.mark.parametrize("name", ["NUMBA_CACHE_DIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "IPYTHONDIR"])
@pytest.mark.parametrize("directory", ["/tmp", HOME, f"{HOME}/work", "/scratch"])
def test_a_variable_that_names_more_than_a_cache(name, directory):
    """Containers set NUMBA_CACHE_DIR=/tmp: what a program puts there for itself is data still."""
    places = Places.of({"HOME": HOME, "TMPDIR": "/scratch", name: directory}, root=f"{HOME}/work")
    assert places.is_input(f"{directory}/x.csv")
    assert places.is_output(f"{directory}/x.csv")


def test_bytecode_is_no_output():
    assert not PLACES.is_output("/data/x.pyc")


@pytest.mark.parametrize(
    "root", ["/usr/src/app", "/opt/app", "/var/lib/ci/job", "/", "/etc/x", "/usr/local/x"]
)
def test_root_inside_a_system_place(root):
    places = Places(root=root, prefixes=("/usr/local",), home="/root")
    assert places.is_input(f"{root.rstrip('/')}/data.csv")
    assert not places.is_input("/usr/lib/x")


def test_prefix_that_holds_the_home_does_not_swallow_it():
    places = Places(root="/home/ann/w", prefixes=("/home", "/", "/home/ann"), home="/home/ann")
    assert places.is_input("/home/ann/data")


def test_environment_that_is_the_root():
    places = Places(root="/w", prefixes=("/w",))
    assert places.is_input("/w/data")
    assert not places.is_input("/w/lib/python3.12/site-packages/a.py")
    assert not places.is_input("/w/bin/python")
    assert places.is_input("/w/bin/tool")


def test_a_directory_of_a_library_that_holds_the_root():
    places = Places(root="/tmp/pytest-of-ann/pytest-1/test_a0/p")
    assert places.is_input("/tmp/pytest-of-ann/pytest-1/test_a0/elsewhere/x")
    assert not places.is_input("/tmp/pytest-of-bob/pytest-1/test_a0/x")
    assert not places.is_input("/tmp/dask-scratch-space/x")


@pytest.mark.parametrize(
    "name", ["tmpk3x_9abz/x", "tmpk3x_9abz", "tmpk3x_9abz.json", "tmp_4upl78l.json", "tmp.Xh3kP09aQz"]
)
def test_made_up_names(name):
    rules = Rules(PLACES)
    for directory in ("/tmp", "/scratch/tmp"):
        assert rules.is_output(f"{directory}/{name}")
        assert rules.made_up(f"{directory}/{name}") == f"{directory}/{name.partition('/')[0]}"
    assert rules.made_up(f"/data/{name}") is None
    assert rules.made_up(f"/tmp/mine/{name}") is None
    inside = Rules(Places(root="/tmp/tmpk3x_9abz/project"))
    assert inside.made_up("/tmp/tmpk3x_9abz/project/x") is None
    assert inside.made_up("/tmp/tmpk3x_9abz/beside") is None
    known = Rules(Places(root="/w", present=frozenset({f"/tmp/{name.partition('/')[0]}"})))
    assert known.made_up(f"/tmp/{name}") is None


@pytest.mark.parametrize(
    "name", ["tmp", "tmp_results.csv", "tmpdir", "tmp.json", "tmpResults1", "mytmpk3x_9abz"]
)
def test_names_that_somebody_chose(name):
    assert Rules(PLACES).made_up(f"/tmp/{name}") is None


def test_without_home():
    assert Places(root="/w").is_input("/.cache/pip/x")


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("/a/__pycache__/b.cpython-311.pyc", "/a/b.py"),
        ("/a/__pycache__/b.cpython-311.opt-1.pyc", "/a/b.py"),
        ("__pycache__/b.pypy39.pyc", "b.py"),
        ("/a/b.pyc", "/a/b.py"),
        ("/a/b.pyo", "/a/b.py"),
        ("/a/__pycache__/b.pyc", None),
        ("/a/.pyc", None),
        ("/a/b.py", None),
        ("/a/x__pycache__/b.pyc", "/a/x__pycache__/b.py"),
    ],
)
def test_source_of(path, source):
    assert source_of(path) == source


@pytest.mark.parametrize("path", ["a.py", "d/a.R", "a.sh", "Makefile", "d/x.CPP"])
def test_source(path):
    assert is_source(path)


@pytest.mark.parametrize("path", ["a.json", "py", ".py", "a.txt", "a.csv", "a.py/b", "config.yaml"])
def test_no_source(path):
    assert not is_source(path)


def test_rules_keep_in_mind_and_stay_right():
    rules = Rules(PLACES)
    for _ in range(2):
        assert rules.is_input("/usr/share/dict/words")
        assert not rules.is_input("/usr/share/locale/x")
        assert rules.is_input("/tmp/a/b")


def test_of_variables():
    variables = {
        "HOME": "/home/ann/",
        "TMPDIR": "/scratch/tmp",
        "XDG_CACHE_HOME": "/scratch/cache",
        "NUMBA_CACHE_DIR": "/scratch/numba",
        "UV_CACHE_DIR": "relative",
        "PIP_CACHE_DIR": "/",
    }
    places = Places.of(
        variables, root="/w", prefixes=["/venv"], skip=["/w/.l"], repositories=["/o"], ignore=["x"]
    )
    assert places == Places(
        root="/w",
        prefixes=("/venv",),
        skip=("/w/.l",),
        repositories=("/o",),
        home="/home/ann",
        temporary="/scratch/tmp",
        cache_home="/scratch/cache",
        caches=("/scratch/numba",),
        ignore=("x",),
    )
    for path in (
        "/scratch/cache/pip/x",
        "/home/ann/.cache/pip/x",
        "/scratch/numba/x",
        "/scratch/cache/torch/kernels/x",
    ):
        assert not places.is_input(path)
    for path in ("/scratch/cache/huggingface/x", "/scratch/numbers"):
        assert places.is_input(path)
    assert not places.is_input("/cfg/fontlist-v390.json")
