"""Start nova-compute with the lab's virt driver.

Nova puts "nova.virt." before the name in `compute_driver`, so it only loads drivers from there:
our directory becomes part of that package's path.
"""
# mypy: disable-error-code="import-not-found"

from pathlib import Path

import nova.virt
from nova.cmd.compute import main

nova.virt.__path__.append(str(Path(__file__).parent / "virt"))

if __name__ == "__main__":
    main()
