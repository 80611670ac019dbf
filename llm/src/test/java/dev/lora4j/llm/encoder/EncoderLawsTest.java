package dev.lora4j.llm.encoder;

import static dev.lora4j.TensorAssert.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Laws of batches: a text means the same alone, padded, and beside any others. */
class EncoderLawsTest {
  private static final double TOLERANCE = 1e-5;

  private static TokenSequence text(Random random, int length) {
    return TokenSequence.of(
        IntStream.generate(() -> 8 + random.nextInt(80)).limit(length).toArray());
  }

  @ParameterizedTest
  @MethodSource("dev.lora4j.llm.encoder.SavedEncoders#all")
  void aTextsHiddenStatesAreThoseItHasAlone(String name) {
    try (PointerScope scope = new PointerScope();
        EncoderCheckpoint checkpoint = EncoderCheckpoint.load(SavedEncoders.directory(name))) {
      Encoder encoder = checkpoint.encoder();
      Random random = new Random(5);
      List<TokenSequence> texts = new ArrayList<>();
      for (int length : new int[] {7, 3, 19, 7, 1, 12}) {
        texts.add(text(random, length));
      }
      Tensor together =
          encoder.hidden(EncoderInput.padded(texts, encoder.config().padId())); // [B, T, H]

      for (int i = 0; i < texts.size(); i++) {
        TokenSequence text = texts.get(i);
        Tensor alone = encoder.hidden(EncoderInput.padded(List.of(text), 0)).select(0, 0);
        assertThat(together.select(0, i).narrow(0, 0, text.length()))
            .as("text %s", i)
            .isCloseTo(alone, TOLERANCE);
        Tensor padding = together.select(0, i).narrow(0, text.length(), 19 - text.length());
        assertThat(Ops.floats(padding))
            .isEqualTo(new float[(19 - text.length()) * encoder.config().hiddenSize()]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.lora4j.llm.encoder.SavedEncoders#all")
  void firstTokensAloneHaveTheHiddenStatesThatTheyHaveAmongAll(String name) {
    try (PointerScope scope = new PointerScope();
        EncoderCheckpoint checkpoint = EncoderCheckpoint.load(SavedEncoders.directory(name))) {
      Encoder encoder = checkpoint.encoder();
      Random random = new Random(6);
      List<TokenSequence> texts = new ArrayList<>();
      for (int length : new int[] {7, 3, 19, 7, 1, 12}) {
        texts.add(text(random, length));
      }
      Tensor all = encoder.hidden(EncoderInput.padded(texts, encoder.config().padId()));
      List<String> groups = List.of("b", "a", "b", "a", "b", "a");
      Device cpu = new Device("cpu");

      for (UnpaddedTokens tokens :
          List.of(UnpaddedTokens.of(texts, cpu), UnpaddedTokens.of(texts, groups, cpu))) {
        assertThat(encoder.firstHidden(tokens)).isCloseTo(all.select(1, 0), TOLERANCE);
        assertThat(tokens.padded(encoder.hidden(tokens))).isCloseTo(all, TOLERANCE);
      }
    }
  }

  @Test
  void textsOfOneGroupAreNextToEachOther() {
    try (PointerScope scope = new PointerScope()) {
      UnpaddedTokens tokens =
          UnpaddedTokens.of(
              List.of(
                  TokenSequence.of(1, 2, 3),
                  TokenSequence.of(4),
                  TokenSequence.of(5, 6),
                  TokenSequence.of(7, 8, 9)),
              List.of("b", "b", "a", "a"),
              new Device("cpu"));
      Tensor ids = tokens.ids().unsqueeze(1);

      assertThat(Ops.longs(ids)).containsExactly(5, 6, 7, 8, 9, 4, 1, 2, 3);
      assertThat(Ops.longs(tokens.first(ids))).containsExactly(5, 7, 4, 1);
      assertThat(Ops.longs(tokens.inBatch(tokens.first(ids)))).containsExactly(1, 4, 5, 7);
      assertThat(Ops.longs(tokens.byLength(ids))).containsExactly(4, 5, 6, 7, 8, 9, 1, 2, 3);
      assertThat(Ops.longs(tokens.fromLengths(tokens.byLength(ids)))).isEqualTo(Ops.longs(ids));
      assertThat(Ops.longs(tokens.pooled(ids, texts -> texts.select(1, 0))))
          .containsExactly(1, 4, 5, 7);
      assertThat(tokens.ofTexts(List.of("w", "x", "y", "z"))).containsExactly("y", "z", "x", "w");
    }
  }

  @Test
  void poolingKeepsTheOrderOfTheBatch() {
    try (PointerScope scope = new PointerScope()) {
      UnpaddedTokens tokens =
          UnpaddedTokens.of(
              List.of(
                  TokenSequence.of(1, 2, 3),
                  TokenSequence.of(4),
                  TokenSequence.of(5, 6),
                  TokenSequence.of(7, 8, 9)),
              new Device("cpu"));
      Tensor ids = tokens.ids().unsqueeze(1);

      assertThat(Ops.longs(tokens.pooled(ids, texts -> texts.select(1, 0))))
          .containsExactly(1, 4, 5, 7);
      assertThat(tokens.ofTokens(List.of("a", "b", "c", "d")))
          .containsExactly("b", "c", "c", "a", "a", "a", "d", "d", "d");
    }
  }

  @Test
  void paddingOnTheLeftIsLeftOut() {
    try (PointerScope scope = new PointerScope();
        EncoderCheckpoint checkpoint = EncoderCheckpoint.load(SavedEncoders.directory("roberta"))) {
      Encoder encoder = checkpoint.encoder();
      Tensor right = Ops.tensor(new long[] {11, 12, 13, 4}).view(1, 4);
      Tensor left = Ops.tensor(new long[] {4, 11, 12, 13}).view(1, 4);
      Tensor rightMask = Ops.tensor(new long[] {1, 1, 1, 0}).view(1, 4);
      Tensor leftMask = Ops.tensor(new long[] {0, 1, 1, 1}).view(1, 4);

      Tensor ofRight = encoder.hidden(new EncoderInput(right, rightMask, Optional.empty()));
      Tensor ofLeft = encoder.hidden(new EncoderInput(left, leftMask, Optional.empty()));

      assertThat(ofLeft.narrow(1, 1, 3)).isCloseTo(ofRight.narrow(1, 0, 3), TOLERANCE);
    }
  }

  @Test
  void aTextBeyondThePositionsIsRefused() {
    try (PointerScope scope = new PointerScope();
        EncoderCheckpoint checkpoint = EncoderCheckpoint.load(SavedEncoders.directory("roberta"))) {
      Encoder encoder = checkpoint.encoder();
      assertThat(encoder.config().maxPositions()).isEqualTo(25); // 30 − (pad_token_id + 1)

      assertThatThrownBy(() -> encoder.forward(Ops.ones(1, 26).to(Ops.tensor(new long[1]))))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("26 tokens")
          .hasMessageContaining("25");
    }
  }

  @Test
  void aTextWithoutTokensIsRefused() {
    try (PointerScope scope = new PointerScope()) {
      Fixture bert = SavedEncoders.expected("bert");
      EncoderInput empty =
          new EncoderInput(
              bert.tensor("input_ids"),
              bert.tensor("attention_mask").mul(Ops.tensor(new long[] {0})),
              Optional.empty());

      assertThatThrownBy(() -> UnpaddedTokens.of(empty)).isInstanceOf(UserError.class);
    }
  }
}
