import sys
from pathlib import Path

# The helpers beside this file are a package of their own: `real`.
sys.path.append(str(Path(__file__).parent))
