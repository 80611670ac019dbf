package dev.lora4j.cli;

/**
 * What a bar is drawn with.
 *
 * @param full a column that is done
 * @param half a column half done
 * @param empty a column still to do
 */
record BarStyle(String full, String half, String empty) {
  private static final BarStyle LINES = new BarStyle("━", "╸", "─");
  private static final BarStyle ASCII = new BarStyle("=", "-", ".");

  /** Lines, or ASCII where the screen can't show them. */
  static BarStyle of(Screen screen) {
    return screen.canShow(LINES.full + LINES.half + LINES.empty) ? LINES : ASCII;
  }

  /** A bar that is done to this share. */
  String bar(double share, int columns) {
    int halves = (int) Math.floor(Math.max(0, Math.min(1, share)) * 2 * columns);
    int rest = columns - (halves + 1) / 2;
    return full.repeat(halves / 2) + half.repeat(halves % 2) + empty.repeat(rest);
  }
}
