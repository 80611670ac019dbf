package dev.lora4j.models.text;

import java.util.Arrays;

/**
 * Turns ids that come one by one into text, without special tokens. A character whose bytes are
 * spread over several tokens appears when it is whole: no piece ends in half a character. For one
 * thread.
 */
public final class TextStream {
  private static final String INCOMPLETE = "\uFFFD";

  private final Tokenizer tokenizer;
  private int[] ids = new int[64];
  private int count;

  // Decoding from a little before the new ids keeps the space that a first token would lose.
  private int context;
  private int shown;

  TextStream(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Takes the next id and returns the text that it completes, often nothing. */
  public String add(int id) {
    if (count == ids.length) {
      ids = Arrays.copyOf(ids, 2 * count);
    }
    ids[count++] = id;
    String text = decode(count);
    return text.endsWith(INCOMPLETE) ? "" : show(text);
  }

  /** What is left when no more ids come; bytes that never became a character show as U+FFFD. */
  public String finish() {
    return show(decode(count));
  }

  private String show(String text) {
    String before = decode(shown);
    if (text.length() <= before.length()) {
      return "";
    }
    context = shown;
    shown = count;
    return text.substring(before.length());
  }

  private String decode(int end) {
    return tokenizer.decodeSkippingSpecial(Arrays.copyOfRange(ids, context, end));
  }
}
