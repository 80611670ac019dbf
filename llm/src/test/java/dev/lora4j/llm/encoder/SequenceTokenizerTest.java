package dev.lora4j.llm.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Truncation of texts and pairs, with a WordPiece tokenizer: [CLS] 2, [SEP] 3. */
class SequenceTokenizerTest {
  private static Tokenizer tokenizer() {
    return Tokenizer.load(Fixture.path("embedding/bert"));
  }

  @Test
  void aTextKeepsItsSpecialTokens() {
    try (Tokenizer tokenizer = tokenizer()) {
      SequenceTokenizer five = new SequenceTokenizer(tokenizer, 5);
      int[] whole = tokenizer.encode("a a a a a a");

      TokenSequence cut = five.encode("a a a a a a");

      assertThat(cut.ids()).containsExactly(2, whole[1], whole[2], whole[3], 3);
      assertThat(five.truncated()).isEqualTo(1);
      assertThat(five.encode("a").ids()).containsExactly(2, whole[1], 3);
      assertThat(five.truncated()).isEqualTo(1);
    }
  }

  /** The lengths that transformers' longest_first gives. */
  @ParameterizedTest
  @CsvSource({
    "4, 9, 12, 4, 5",
    "9, 4, 12, 5, 4",
    "9, 9, 12, 4, 5",
    "2, 3, 12, 2, 3",
    "8, 1, 9, 5, 1"
  })
  void theLongerTextOfAPairIsTruncatedFirst(
      int first, int second, int max, int firstKept, int secondKept) {
    try (Tokenizer tokenizer = tokenizer()) {
      TokenSequence pair =
          new SequenceTokenizer(tokenizer, max).encode("a ".repeat(first), "the ".repeat(second));

      int a = tokenizer.encodePlain("a")[0];
      int the = tokenizer.encodePlain("the")[0];
      assertThat(Arrays.stream(pair.ids()).filter(id -> id == a)).hasSize(firstKept);
      assertThat(Arrays.stream(pair.ids()).filter(id -> id == the)).hasSize(secondKept);
      assertThat(Arrays.stream(pair.typeIds()).filter(type -> type == 1)).hasSize(secondKept + 1);
    }
  }

  @Test
  void specialTokensWrittenInATextAreText() {
    try (Tokenizer tokenizer = tokenizer()) {
      TokenSequence cut = new SequenceTokenizer(tokenizer, 4).encode("a [SEP] a a");

      assertThat(cut.ids()).containsExactly(2, tokenizer.encodePlain("a")[0], 3, 3);
    }
  }

  @Test
  void aLimitWithoutRoomForATextIsRefused() {
    try (Tokenizer tokenizer = tokenizer()) {
      SequenceTokenizer two = new SequenceTokenizer(tokenizer, 2);

      assertThatThrownBy(() -> two.encode("a"))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("max_seq_length = 2");
    }
  }
}
