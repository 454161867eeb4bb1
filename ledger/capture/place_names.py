"""Names by which the places of software, tools and caches are told; data for `ledger.capture.places`."""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SOFTWARE: Final = _words(
    """
    aclocal alsa alternatives appdata applications apport apps apt aspell autoconf automake awk
    base-files base-passwd bash-completion binfmts bison bug build-essential ca-certificates
    calendar cmake common-licenses console-setup consolefonts consoletrans crypto-policies cups
    dbus-1 debconf debhelper debianutils defaults desktop-directories dict-common distro-info doc
    doc-base dotnet dpkg drirc.d emacs et file fish fontconfig fonts gcc gconv gdb gettext
    ghostscript gir-1.0 git-core git glib-2.0 glvnd gnupg gobject-introspection-1.0 groff grub
    gstreamer-1.0 gtk-2.0 gtk-3.0 gtk-4.0 guile hal help hwdata i18n icons icu info initramfs-tools
    iptables iso-codes java javascript julia jupyter keyrings kernel lesspipe libc-bin libdrm
    libgcrypt20 libgphoto2 libinput libthai libwacom lintian locale locales lua lto-disabled-list
    magic man man-db maven menu metainfo mime mime-info misc mysql nano nodejs node_modules npm
    nvidia octave openssh openssl p11-kit pam pam-configs perl perl5 perl-openssl-defaults php
    pixmaps pkgconfig pkg-config-crosswrapper plymouth pocl polkit-1 poppler proj purge-old-kernels
    pycharm pypy3 python python3 python-wheels python3-wheels R R-base readline rubygems-integration
    ruby sensible-utils sgml sgml-base sounds ssl swig systemd tabset tcltk tcl terminfo texinfo
    texlive texmf texmf-dist themes thumbnailers tk ucf udev upstart valgrind vim vulkan wayland X11
    xml xml-core xsessions zoneinfo zoneinfo-icu zsh
    """
)
"""Directories of /usr/share that belong to some software; what else lies there is data (``dict``)."""

TOOLS: Final = frozenset(
    {
        *(".git", ".hg", ".svn", ".bzr", ".ledger", "CVS"),
        *("node_modules", "site-packages", "dist-packages", "__pycache__", "__pypackages__"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints"),
        *(".pyenv", ".rbenv", ".asdf", ".nvm", ".rustup"),
        *(".gitignore", ".gitattributes", ".gitmodules"),
        *(".tox", ".nox", ".eggs", ".pytype", ".numba_cache", ".theano", ".pytensor", ".cupy", ".nv"),
    }
)
"""Names of directories, and of files, that are nobody's data wherever they lie."""

CACHES: Final = _words(
    """
    matplotlib fontconfig numba pip uv pypoetry pdm hatch pipenv virtualenv pre-commit conda mamba
    pipx torch_extensions torch_inductor triton inductor nvidia mesa_shader_cache
    mesa_shader_cache_db AMD rocm pocl cupy pytensor theano jax xla tensorrt taichi warp jedi parso
    black mypy ruff pylint pytest ipython Cython ccache sccache go-build bazel yarn npm node
    node-gyp deno bun cargo rattler gstreamer-1.0 thumbnails dconf gvfs mozilla google-chrome
    chromium tracker3 ledger com.github.xonsh python-entrypoints qtshadercache JetBrains
    vscode-cpptools typescript clang clangd ibus samba man motd.legal-displayed flashinfer tvm tilelang
    httpstan aesara ms-playwright puppeteer selenium electron zig
    """
)
"""What software keeps in ~/.cache to be faster; data sets and weights that lie there are data."""
IN_HOME: Final = _words(
    """
    .matplotlib .fontconfig .fonts.conf .npm .yarn .cargo/registry .cargo/git .rustup .conda/pkgs
    .conda/environments.txt .mamba/pkgs .triton .nv .cupy .theano .pytensor
    .ipython/profile_default/db .ipython/profile_default/history.sqlite .ipython/profile_default/log
    .ipython/profile_default/pid .ipython/profile_default/security .jupyter/lab/workspaces
    .jupyter/migrated .local/pipx .local/state .local/share/jupyter .local/share/uv
    .local/share/virtualenvs .pyenv .asdf .rbenv .nvm .bun .deno .julia/compiled .julia/registries
    .julia/logs .java .gradle .m2 .config/matplotlib/tex.cache .vscode .vscode-server
    .cursor-server .gnupg .config/chromium .config/google-chrome .config/pulse .pki .mozilla .dbus
    .local/share/wandb .local/share/applications .local/share/recently-used.xbel .local/share/Trash
    """
)
"""From the home directory: other things that are no trial's data."""
SETTINGS: Final = _words(
    """
    .config .ipython .jupyter .dask .ray .streamlit .plotly .kaggle .gradio .lightning .sunpy .conda .pip
    .aws .azure .docker .kube .ssh .databricks .duckdb .astropy/config .keras/keras.json
    .fastai/config.ini .mne/mne-python.json .dgl/config.json .aim_profile .comet.config clearml.conf
    .condarc .netrc .Rprofile .Renviron
    """
)
"""From the home directory: settings of tools, which they write by themselves. Who reads them depends on them,
but they are nobody's result; what else lies in the directory of a library (``.keras/models``) is data."""
SETTINGS_VARIABLES: Final = ("XDG_CONFIG_HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "WANDB_CONFIG_DIR")
"""Variables that name a directory of settings."""
IN_CACHE: Final = (
    *("torch/kernels", "torch/inductor", "huggingface/token", "huggingface/stored_tokens"),
    *("huggingface/hub/version.txt", "huggingface/hub/.locks", "huggingface/version_diffusers_cache.txt"),
    *("Microsoft/DeveloperTools", "vllm/torch_compile_cache", "wandb/logs"),
)
"""From ~/.cache: what is no data in the directories of data there; one is where onnxruntime keeps an id."""
COPIES_IN_CACHE: Final = ("wandb",)
"""From ~/.cache: what a tool copies there of a trial's outputs; who reads it depends on it."""
CACHE_VARIABLES: Final = (
    *("NUMBA_CACHE_DIR", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "TORCH_EXTENSIONS_DIR"),
    *("CUDA_CACHE_PATH", "CUPY_CACHE_DIR", "JAX_COMPILATION_CACHE_DIR", "PIP_CACHE_DIR", "UV_CACHE_DIR"),
    *("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "XDG_STATE_HOME"),
    *("CCACHE_DIR", "XDG_RUNTIME_DIR", "PYENV_ROOT", "RBENV_ROOT", "ASDF_DATA_DIR", "NVM_DIR", "RUSTUP_HOME"),
)
"""Variables that name a directory of nothing but a cache, or of tools."""
PERSONAL: Final = _words(
    """
    .bash_history .python_history .sqlite_history .psql_history .node_repl_history .octave_hist
    .pdbhistory .lesshst .viminfo .wget-hsts .Xauthority
    .ICEauthority .bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc
    .zshenv .zprofile .zsh_history .inputrc .gitconfig .terminfo .Rhistory
    """
)
"""Files of the home directory that belong to a shell or a terminal."""
IN_TEMPORARY: Final = (
    *("torchinductor_", "pymp-", "joblib_memmapping_folder_", "loky-", "matplotlib-"),
    *(".X11-unix", ".ICE-unix", ".XIM-unix", ".font-unix", ".Test-unix", "ssh-", "tmux-", "systemd-private-"),
    *("hsperfdata_", "pip-", "uv-", "ledger-replay-"),
    *("pytest-of-", "dask-scratch-space", "dask-worker-space", "torchelastic_", "ipykernel_"),
    *("node-compile-cache", "v8-compile-cache"),
)
"""How the names begin of directories that libraries make in a directory for temporary files."""
WHOLE_IN_TEMPORARY: Final = ("ray",)
"""Their names where the beginning is not enough."""
RUNNERS: Final = _words("uv uvx conda mamba micromamba poetry pipenv pdm hatch rye pixi pipx tox nox")
"""Programs that start another one in an environment: how, the environment says."""

SOURCES: Final = _words(
    """
    py pyi pyx pxd pxi pyw ipynb sh bash zsh fish csh ksh r rmd jl m lua pl pm rb php js mjs cjs ts
    tsx jsx c cc cpp cxx h hh hpp hxx cu cuh cl f f90 f95 f03 for rs go java kt scala swift hs ml
    mli clj ex exs erl nim zig d awk sed tcl vim el cmake mk make proto thrift
    """
)
"""Suffixes of source code, in lower case."""
SOURCE_NAMES: Final = frozenset(
    {"Makefile", "makefile", "GNUmakefile", "CMakeLists.txt", "Snakefile", "Dockerfile"}
)
