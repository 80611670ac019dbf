package dev.lora4j.llm.dataset;

import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.Arrays;

/**
 * Renders an example with its label mask visible: in colour on a terminal, between marks elsewhere.
 */
public final class LabelView {
  private enum Style {
    COLOUR("\u001b[1;32m", "\u001b[0m"),
    MARKS("⟦", "⟧");

    private final String open;
    private final String close;

    Style(String open, String close) {
      this.open = open;
      this.close = close;
    }
  }

  private final Tokenizer tokenizer;
  private final Style style;

  private LabelView(Tokenizer tokenizer, Style style) {
    this.tokenizer = tokenizer;
    this.style = style;
  }

  /** Loss tokens in green, by ANSI escapes. */
  public static LabelView inColour(Tokenizer tokenizer) {
    return new LabelView(tokenizer, Style.COLOUR);
  }

  /** Loss tokens between ⟦ and ⟧. */
  public static LabelView withMarks(Tokenizer tokenizer) {
    return new LabelView(tokenizer, Style.MARKS);
  }

  /** Returns the text with special tokens, and a line of figures. */
  public String show(Example example) {
    StringBuilder out = new StringBuilder();
    int shown = 0;
    int[] tokens = example.tokens();
    for (int end = 1; end <= tokens.length; end++) {
      boolean ends = end == tokens.length || example.carriesLoss(end) != example.carriesLoss(shown);
      if (ends) {
        boolean learned = example.carriesLoss(shown);
        String text = printable(textOf(tokens, shown, end));
        out.append(learned ? style.open : "").append(text).append(learned ? style.close : "");
        shown = end;
      }
    }
    return out.append('\n')
        .append("%d tokens, %d loss tokens".formatted(example.length(), example.lossTokens()))
        .toString();
  }

  /** Decodes after the preceding tokens, so that a leading space is kept. */
  private String textOf(int[] tokens, int from, int to) {
    String before = tokenizer.decode(Arrays.copyOf(tokens, from));
    String all = tokenizer.decode(Arrays.copyOf(tokens, to));
    return all.startsWith(before)
        ? all.substring(before.length())
        : tokenizer.decode(Arrays.copyOfRange(tokens, from, to));
  }

  /** Replaces control characters, which could drive the terminal. */
  private static String printable(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              boolean control = Character.isISOControl(c) && c != '\n' && c != '\t';
              out.appendCodePoint(control ? '\uFFFD' : c);
            });
    return out.toString();
  }
}
