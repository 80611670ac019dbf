package dev.lora4j.llm.tokenizer;

/** Maps positions in Unicode code points to indices into a Java string. */
final class CodePoints {
  private final String text;
  private final boolean plain;
  private int lastPoint;
  private int lastChar;

  CodePoints(String text) {
    this.text = text;
    this.plain = text.codePointCount(0, text.length()) == text.length();
  }

  /** The char index of a code point; fast for ascending positions. */
  int charIndex(int point) {
    if (plain) {
      return Math.min(point, text.length());
    }
    if (point < lastPoint) {
      lastPoint = 0;
      lastChar = 0;
    }
    while (lastPoint < point && lastChar < text.length()) {
      lastChar += Character.charCount(text.codePointAt(lastChar));
      lastPoint++;
    }
    return lastChar;
  }
}
