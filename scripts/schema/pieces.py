"""Pieces of schema. A string that mentions a name of `matrix` may stand for any value."""
import sys


def ref(name):
    return {'$ref': f'#/$defs/{name}'}


def or_name(schema):
    return {'anyOf': [schema, ref('matrix_value')]}


def described(text, schema):
    return {'description': text, **schema}


def words(values):
    return {'anyOf': [{'enum': values}, ref('matrix_text')]}


def strict(properties, required=(), **more):
    out = {'type': 'object', 'properties': properties, 'patternProperties': {MENTION: True},
           'additionalProperties': False}
    if required:
        out['required'] = list(required)
    return {**out, **more}


def named(item, limit=None):
    out = {'type': 'object', 'propertyNames': ref('name'), 'additionalProperties': item}
    return {**out, 'maxProperties': limit} if limit else out


def list_of(item, **more):
    return or_name({'type': 'array', 'items': item, **more})


def pick(descriptions, known, schemas, what):
    """Properties for exactly the keys the reader knows."""
    for key in known:
        if key not in descriptions or key not in schemas:
            sys.exit(f'case_schema.py: {what}: the reader knows "{key}", scripts/schema/prose.py does not describe it')
    for key in set(descriptions) | set(schemas):
        if key not in known:
            sys.exit(f'case_schema.py: {what}: "{key}" is described, the reader does not know it')
    return {key: described(descriptions[key], schemas[key]) for key in known}


MENTION = r'\$\{[A-Za-z_][A-Za-z0-9_]*\}'
TEXT = or_name({'type': 'string'})
INTEGER = or_name({'type': 'integer'})
BOOLEAN = or_name({'type': 'boolean'})
NUMBER = or_name({'type': 'number'})
INTEGERS = list_of(INTEGER)
SOME_INTEGERS = list_of(INTEGER, minItems=1)
ANY_NUMBER = ref('number')
