"""Reads {"commands": [argv], "prints": [{rows, format, stdout}]} from standard input; prints the commands that gcloud's own parser
refuses, and what gcloud's own printer prints otherwise, one JSON line each."""
import contextlib
import io
import json
import os
import sys

root = sys.argv[1]
sys.path[:0] = [os.path.join(root, 'lib'), os.path.join(root, 'lib', 'third_party')]
from googlecloudsdk import gcloud_main  # noqa: E402
from googlecloudsdk.core.resource import resource_printer  # noqa: E402

given = json.load(sys.stdin)
parser = gcloud_main.CreateCLI([])._CLI__parser
for argv in given['commands']:
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            parser.parse_args(argv)
    except SystemExit:
        print(json.dumps({'argv': argv, 'said': said.getvalue()}))
for one in given['prints']:
    out = io.StringIO()
    # What `describe` gives is one record, which JSON shows.
    is_one = one['format'].startswith('json')
    resource_printer.Print(one['rows'][0] if is_one else one['rows'], one['format'], out=out, single=is_one)
    if out.getvalue().rstrip('\n') != one['stdout'].rstrip('\n'):
        print(json.dumps({'format': one['format'], 'gcloud': out.getvalue(), 'fake': one['stdout']}))
