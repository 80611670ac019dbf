"""Creates the images of the data tests, with the pixels that Pillow decodes.

Run with Pillow and NumPy: python tools/image_fixtures.py vision/src/test/resources/dev/lora4j/vision
Each NAME.rgb contains the planes [3, height, width] of NAME.* as bytes; small.rgb is large.png at 8×8.
"""

import pathlib
import sys

import numpy as np
from PIL import Image

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)


def scene(height, width):
    """Smooth gradients with some hard edges, in three channels."""
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (height + width)], -1)
    image[height // 4 : height // 2, width // 3 : width // 2] = [220, 40, 30]
    image[height // 2 :, : width // 4] = [20, 60, 200]
    return image.astype(np.uint8)


def planes(name, image):
    pixels = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
    (out / f"{name}.rgb").write_bytes(np.ascontiguousarray(pixels).tobytes())


def save(name, image, **options):
    image.save(out / name, **options)
    with Image.open(out / name) as read:
        planes(pathlib.Path(name).stem, read)


colour = Image.fromarray(scene(32, 32))
save("colour.jpg", colour, quality=75)  # halved colour resolution, as in common data sets
save("full.jpg", colour, quality=90, subsampling=0, progressive=True)
save("grey.jpg", colour.convert("L"), quality=85)
save("greypng.png", colour.convert("L"))
clear = colour.convert("RGBA")
clear.putalpha(Image.fromarray(scene(32, 32)[:, :, 0]))
save("clear.png", clear)
save("palette.png", colour.quantize(16))
large = Image.fromarray(scene(20, 30))
large.save(out / "large.png")
planes("small", large.resize((8, 8), Image.Resampling.BILINEAR))
planes("large", large.resize((40, 50), Image.Resampling.BILINEAR))
