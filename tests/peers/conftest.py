import sys
from pathlib import Path

# The helpers beside this file are a package of their own, `asked`; a wheel to install is made above.
sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1])]
