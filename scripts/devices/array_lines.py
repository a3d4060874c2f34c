"""The line protocol of devices (docs/devices.md) over numpy arrays: what the devices here share."""
import base64
import json
import sys

import numpy

TYPES = {'s8': numpy.int8, 's4': numpy.int8, 'u8': numpy.uint8, 'u4': numpy.uint8, 's32': numpy.int32,
         's64': numpy.int64, 'f32': numpy.float32, 'f16': numpy.float16}


def decode(array):
    data = base64.b64decode(array['data'], validate=True)
    return numpy.frombuffer(data, dtype=numpy.dtype(TYPES[array['dtype']]).newbyteorder('<')).reshape(array['shape'])


def encode(dtype, values):
    data = numpy.ascontiguousarray(values, dtype=numpy.dtype(TYPES[dtype]).newbyteorder('<')).tobytes()
    return {'dtype': dtype, 'shape': list(values.shape), 'data': base64.b64encode(data).decode('ascii')}


def serve(name, version, product):
    """Answers products with product(lhs, rhs) -> int32 [m, n]; refuses anything else."""
    # What libraries print belongs to the log, not between two answers.
    out = sys.stdout
    sys.stdout = sys.stderr
    sys.stdin.readline()
    print(json.dumps({'hello': {'protocol': 1, 'name': name, 'version': version}}), file=out, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if request['op'] == 'product' and 'init' not in request:
            reply = {'id': request['id'],
                     'result': encode('s32', product(decode(request['lhs']), decode(request['rhs'])))}
        else:
            reply = {'id': request['id'], 'error': f'{request["op"]} is not offered'}
        print(json.dumps(reply), file=out, flush=True)
