"""What the tests of devices share: device files of the example programs."""
import support

EXAMPLES = support.REPOSITORY / 'sim/device/examples'
PYTHON = '/usr/bin/python3'


def claims(**changes):
    out = {'ops': ['product', 'quantize', 'quantized_dot'],
           'dtypes': {'lhs': ['s8', 'u8', 's4', 'u4'], 'rhs': ['s8', 'u8', 's4', 'u4'],
                      'float': ['f32', 'bf16', 'f16'], 'qtypes': ['s8', 'u8', 's4', 'u4']},
           'shape_limits': {'m': 256, 'n': 256, 'k': 1024},
           'profiles': ['ideal_int32', 'tpu_v5e'], 'policies': ['ieee']}
    out.update(changes)
    return out


class DeviceTest(support.ToolTest):
    def device(self, *words, name='device.json', **changes):
        """A device file of tier process for an example program."""
        text = {'mxcheck_device': 1, 'name': 'd', 'version': '1', 'tier': 'process',
                'process': {'command': [PYTHON, *map(str, words)]}, 'capabilities': claims(), **changes}
        return self.write(name, text)
