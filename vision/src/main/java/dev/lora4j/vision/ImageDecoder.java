package dev.lora4j.vision;

import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/** A JPEG and PNG decoder for one thread; it reuses its readers. */
final class ImageDecoder implements AutoCloseable {
  /** A header can claim any size; larger images are refused before allocation. */
  private static final long MAX_PIXELS = 64L << 20;

  private final ByteImageStream stream = new ByteImageStream();
  private ImageReader jpeg = reader("jpeg");
  private ImageReader png = reader("png");
  private boolean cutOff;

  ImageDecoder() {
    listen();
  }

  private static ImageReader reader(String format) {
    Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
    if (!readers.hasNext()) {
      throw new IllegalStateException("this Java has no " + format + " decoder");
    }
    return readers.next();
  }

  private void listen() {
    // The JPEG decoder fills missing data with grey and only warns.
    jpeg.addIIOReadWarningListener(
        (source, warning) ->
            cutOff |= warning.contains("Truncated File") || warning.contains("premature end"));
  }

  /** Decodes a file. Grey images get three equal planes; the alpha channel is dropped. */
  RgbImage decode(byte[] file) throws IOException {
    stream.reset(file);
    try {
      if (startsWith(file, 0xff, 0xd8, 0xff)) {
        return decodeJpeg(file);
      }
      if (startsWith(file, 0x89, 'P', 'N', 'G')) {
        open(png);
        return fromImage(png.read(0));
      }
    } catch (IOException | RuntimeException e) {
      renewReaders();
      String problem = e.getMessage() == null ? e.toString() : e.getMessage();
      throw new IOException(problem, e);
    }
    throw new IOException(file.length == 0 ? "an empty file" : "neither JPEG nor PNG");
  }

  private RgbImage decodeJpeg(byte[] file) throws IOException {
    cutOff = false;
    open(jpeg);
    // Converting colours here is twice as fast as going pixel by pixel through a colour model.
    RgbImage image =
        JpegColours.isPlain(file)
            ? JpegColours.toRgb(jpeg.readRaster(0, null))
            : fromImage(jpeg.read(0));
    if (cutOff) {
      throw new IOException("cut off");
    }
    return image;
  }

  private void open(ImageReader reader) throws IOException {
    reader.setInput(stream, true, true);
    long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
    if (pixels > MAX_PIXELS) {
      throw new IOException(
          reader.getWidth(0) + "×" + reader.getHeight(0) + " pixels are too many");
    }
  }

  private static RgbImage fromImage(BufferedImage image) {
    boolean grey =
        image.getColorModel() instanceof ComponentColorModel model
            && model.getNumColorComponents() == 1;
    return grey ? fromGrey(image) : fromColour(image);
  }

  /** Returns the raw samples; the colour model would brighten them. */
  private static RgbImage fromGrey(BufferedImage image) {
    Raster raster = image.getRaster();
    int pixels = raster.getWidth() * raster.getHeight();
    int[] samples = raster.getSamples(0, 0, raster.getWidth(), raster.getHeight(), 0, (int[]) null);
    int extraBits = image.getColorModel().getComponentSize(0) - 8;
    byte[] planes = new byte[3 * pixels];
    for (int i = 0; i < pixels; i++) {
      byte grey = (byte) (samples[i] >> Math.max(0, extraBits));
      planes[i] = grey;
      planes[pixels + i] = grey;
      planes[2 * pixels + i] = grey;
    }
    return new RgbImage(raster.getWidth(), raster.getHeight(), planes);
  }

  private static RgbImage fromColour(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    int[] rgb = image.getRGB(0, 0, width, height, null, 0, width);
    byte[] planes = new byte[3 * rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      planes[i] = (byte) (rgb[i] >> 16);
      planes[rgb.length + i] = (byte) (rgb[i] >> 8);
      planes[2 * rgb.length + i] = (byte) rgb[i];
    }
    return new RgbImage(width, height, planes);
  }

  private static boolean startsWith(byte[] file, int... magic) {
    for (int i = 0; i < magic.length; i++) {
      if (i >= file.length || (file[i] & 0xff) != magic[i]) {
        return false;
      }
    }
    return true;
  }

  /** A reader that failed may be in any state, so replace it. */
  private void renewReaders() {
    close();
    jpeg = reader("jpeg");
    png = reader("png");
    listen();
  }

  @Override
  public void close() {
    jpeg.dispose();
    png.dispose();
  }
}
