#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes contract_text.cc out of openapi.yaml and docs/, so that the binary carries its own
description: as it is written, as JSON, and as pages to read.

    embed.py OUTPUT
"""
import json
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
PIECE = 8000  # characters of one literal; the compiler joins them


def literal(text):
    pieces = [text[at:at + PIECE] for at in range(0, len(text), PIECE)]
    return '\n'.join(f'    R"text({piece})text"' for piece in pieces) or '    ""'


def main():
    contract = (HERE / 'openapi.yaml').read_text()
    texts = {
        'openapi_yaml_text': contract,
        'openapi_json_text': json.dumps(yaml.safe_load(contract), ensure_ascii=False,
                                        separators=(',', ':'), default=str),
        'docs_html_text': (HERE / 'docs/index.html').read_text(),
        'docs_css_text': (HERE / 'docs/page.css').read_text(),
        'docs_js_text': (HERE / 'docs/page.js').read_text(),
    }
    out = '// Made by src/api/embed.py.\n#include "api/contract_text.h"\nnamespace otaru::api {\n'
    for name, text in texts.items():
        out += f'std::string_view {name}() {{\n  return\n{literal(text)};\n}}\n'
    Path(sys.argv[1]).write_text(out + '}  // namespace otaru::api\n')


main()
