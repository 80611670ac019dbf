package dev.lora4j.vision;

/** A decoded image: the red, green and blue planes, {@code [3, height, width]}. */
@SuppressWarnings("ArrayRecordComponent") // an array, but instances are never compared
record RgbImage(int width, int height, byte[] planes) {

  boolean hasSize(int expectedHeight, int expectedWidth) {
    return height == expectedHeight && width == expectedWidth;
  }

  RgbImage resized(int newHeight, int newWidth) {
    Bilinear across = Bilinear.between(width, newWidth);
    Bilinear down = Bilinear.between(height, newHeight);
    byte[] result = new byte[3 * newHeight * newWidth];
    float[] row = new float[width];
    float[] narrow = new float[newWidth];
    float[][] columns = new float[newWidth][height];
    float[] column = new float[newHeight];
    for (int c = 0; c < 3; c++) {
      for (int y = 0; y < height; y++) {
        int start = (c * height + y) * width;
        for (int x = 0; x < width; x++) {
          row[x] = planes[start + x] & 0xff;
        }
        across.apply(row, narrow);
        for (int x = 0; x < newWidth; x++) {
          columns[x][y] = narrow[x];
        }
      }
      for (int x = 0; x < newWidth; x++) {
        down.apply(columns[x], column);
        for (int y = 0; y < newHeight; y++) {
          result[(c * newHeight + y) * newWidth + x] = (byte) Math.round(column[y]);
        }
      }
    }
    return new RgbImage(newWidth, newHeight, result);
  }
}
