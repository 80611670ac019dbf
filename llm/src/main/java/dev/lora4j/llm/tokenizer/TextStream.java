package dev.lora4j.llm.tokenizer;

import java.util.Arrays;

/**
 * Streaming detokenizer, without special tokens. A character whose bytes are spread over several
 * tokens appears when it is complete. For one thread.
 */
public final class TextStream {
  private static final String INCOMPLETE = "\uFFFD";

  private final Tokenizer tokenizer;
  private int[] ids = new int[64];
  private int count;

  // decoding starts before the new ids to keep leading spaces
  private int context;
  private int shown;

  TextStream(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Adds an id and returns the text that it completes, which may be empty. */
  public String add(int id) {
    if (count == ids.length) {
      ids = Arrays.copyOf(ids, 2 * count);
    }
    ids[count++] = id;
    String text = decode(count);
    return text.endsWith(INCOMPLETE) ? "" : show(text);
  }

  /** Returns the remaining text; incomplete bytes become U+FFFD. */
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
