"""A pytest plugin: each of several test processes has a home of its own, with its own database server and files.

Loaded by ``tools/test.sh`` before Django's settings are read.
"""

import os

worker = os.environ.get("PYTEST_XDIST_WORKER")
home = os.environ.get("TIREK_HOME")
if worker and home and not home.endswith(worker):
    os.environ["TIREK_HOME"] = os.path.join(home, worker)
