package dev.lora4j.llm.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LabelViewTest {
  private final Tokenizer tokenizer = TextFixture.tokenizer("gpt2");

  @AfterEach
  void close() {
    tokenizer.close();
  }

  private Example example(String asked, String answered) {
    int[] first = tokenizer.encodePlain(asked);
    int[] second = tokenizer.encodePlain(answered);
    int[] tokens = new int[first.length + second.length];
    boolean[] loss = new boolean[tokens.length];
    System.arraycopy(first, 0, tokens, 0, first.length);
    System.arraycopy(second, 0, tokens, first.length, second.length);
    Arrays.fill(loss, first.length, loss.length, true);
    return Example.of(tokens, loss);
  }

  @Test
  void learnedTextStandsBetweenMarks() {
    Example example = example("The dog", " barks<|endoftext|>");
    assertThat(LabelView.withMarks(tokenizer).show(example))
        .isEqualTo(
            "The dog⟦ barks<|endoftext|>⟧\n%d tokens, %d loss tokens"
                .formatted(example.length(), example.lossTokens()));
  }

  @Test
  void orInColour() {
    assertThat(LabelView.inColour(tokenizer).show(example("The dog", " barks")))
        .startsWith("The dog\u001b[1;32m barks\u001b[0m\n");
  }

  @Test
  void escapesInTheDataDoNothing() {
    assertThat(LabelView.withMarks(tokenizer).show(example("a\u001b[2Jb", "c")))
        .startsWith("a\uFFFD[2Jb⟦c⟧");
  }
}
