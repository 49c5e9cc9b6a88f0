"""Reads a JSON list of gcloud commands from standard input and prints those that gcloud's own parser refuses, one JSON line each."""
import contextlib
import io
import json
import os
import sys

root = sys.argv[1]
sys.path[:0] = [os.path.join(root, 'lib'), os.path.join(root, 'lib', 'third_party')]
from googlecloudsdk import gcloud_main  # noqa: E402

parser = gcloud_main.CreateCLI([])._CLI__parser
for argv in json.load(sys.stdin):
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            parser.parse_args(argv)
    except SystemExit:
        print(json.dumps({'argv': argv, 'said': said.getvalue()}))
