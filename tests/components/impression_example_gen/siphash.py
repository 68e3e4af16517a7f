"""SipHash-2-4 as its paper has it, to hold the product's hashes against."""

_INITIAL = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
_MASK = (1 << 64) - 1


def siphash_unit(seed: int, purpose: int, data: bytes) -> float:
    """Returns the hash of `data` under the key (seed, purpose), modulo 2**53, over 2**53."""
    return _siphash((seed, purpose), data) % (1 << 53) / (1 << 53)


def _siphash(key: tuple[int, int], data: bytes) -> int:
    v = [half ^ start for half, start in zip((*key, *key), _INITIAL, strict=True)]
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 255])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        v[3] ^= word
        _rounds(v, 2)
        v[0] ^= word
    v[2] ^= 0xFF
    _rounds(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _rounds(v: list[int], count: int) -> None:
    for _ in range(count):
        v[0] = v[0] + v[1] & _MASK
        v[1] = _rotated(v[1], 13) ^ v[0]
        v[0] = _rotated(v[0], 32)
        v[2] = v[2] + v[3] & _MASK
        v[3] = _rotated(v[3], 16) ^ v[2]
        v[0] = v[0] + v[3] & _MASK
        v[3] = _rotated(v[3], 21) ^ v[0]
        v[2] = v[2] + v[1] & _MASK
        v[1] = _rotated(v[1], 17) ^ v[2]
        v[2] = _rotated(v[2], 32)


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> 64 - bits) & _MASK
