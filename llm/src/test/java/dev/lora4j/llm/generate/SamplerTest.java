package dev.lora4j.llm.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.UserError;
import dev.lora4j.nn.NotFinite;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The sampled tokens and their frequencies. */
class SamplerTest {
  private static final int DRAWS = 1_000;
  // Probabilities 0.5, 0.25, 0.15, 0.1 of tokens 2, 0, 3, 1.
  private static final float[] LOGITS = {
    (float) Math.log(0.25), (float) Math.log(0.1), (float) Math.log(0.5), (float) Math.log(0.15)
  };

  private final PointerScope scope = new PointerScope();

  @BeforeEach
  void start() {
    Engine.start();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  /** Frequency of each token, as a share of all draws. */
  private static Map<Long, Double> shares(Sampling sampling) {
    Tensor logits = Ops.tensor(LOGITS, LOGITS.length);
    Sampler sampler = new Sampler(sampling);
    Map<Long, Double> shares = new HashMap<>();
    for (int i = 0; i < DRAWS; i++) {
      shares.merge(sampler.next(logits, List.of()), 1.0 / DRAWS, Double::sum);
    }
    return shares;
  }

  private static void near(Map<Long, Double> shares, Map<Long, Double> expected) {
    assertThat(shares.keySet()).isEqualTo(expected.keySet());
    // four standard deviations of a share of 0.5
    expected.forEach(
        (token, share) -> assertThat(shares.get(token)).isCloseTo(share, within(0.064)));
  }

  @Test
  void greedyTakesTheMostProbableToken() {
    assertThat(shares(Sampling.greedy())).containsOnlyKeys(2L);
    assertThat(shares(Sampling.temperature(3).topK(1))).containsOnlyKeys(2L);
  }

  @Test
  void temperatureOneSamplesTheModelsDistribution() {
    near(shares(Sampling.temperature(1)), Map.of(0L, 0.25, 1L, 0.1, 2L, 0.5, 3L, 0.15));
  }

  @Test
  void aLowTemperatureSharpensTheDistribution() { // squares of the probabilities
    near(
        shares(Sampling.temperature(0.5)),
        Map.of(0L, 0.0625 / 0.345, 1L, 0.01 / 0.345, 2L, 0.25 / 0.345, 3L, 0.0225 / 0.345));
  }

  @Test
  void topKKeepsKTokens() {
    near(shares(Sampling.temperature(1).topK(2)), Map.of(2L, 2 / 3.0, 0L, 1 / 3.0));
  }

  @Test
  void topPKeepsTokensUntilTheMassIsReached() {
    near(shares(Sampling.temperature(1).topP(0.7)), Map.of(2L, 2 / 3.0, 0L, 1 / 3.0));
    assertThat(shares(Sampling.temperature(1).topP(0.01))).containsOnlyKeys(2L);
  }

  @Test
  void topPAppliesToTheMassThatTopKLeaves() { // of 0.9, 0.8 of the mass is 0.72
    near(shares(Sampling.temperature(1).topK(3).topP(0.8)), Map.of(2L, 2 / 3.0, 0L, 1 / 3.0));
  }

  @Test
  void minPKeepsTokensNearTheMostProbable() {
    near(
        shares(Sampling.temperature(1).minP(0.29)),
        Map.of(2L, 0.5 / 0.9, 0L, 0.25 / 0.9, 3L, 0.15 / 0.9));
  }

  @Test
  void aRepetitionPenaltyFavoursOtherTokens() {
    Tensor logits = Ops.tensor(new float[] {2, 1.5f, -1}, 3);
    Sampler sampler = new Sampler(Sampling.greedy().repetitionPenalty(2));
    assertThat(sampler.next(logits, List.of())).isEqualTo(0);
    assertThat(sampler.next(logits, List.of(0L, 0L))).isEqualTo(1);
    assertThat(sampler.next(logits, List.of(2L, 1L, 0L))).isEqualTo(0);
  }

  @Test
  void aLargeVocabularyIsSampledAsAWhole() {
    Tensor flat = torch.zeros(5_000);
    Sampler sampler = new Sampler(Sampling.temperature(1));
    List<Long> drawn = Stream.generate(() -> sampler.next(flat, List.of())).limit(200).toList();
    assertThat(drawn.stream().distinct().count()).isGreaterThan(180);
    Sampler half = new Sampler(Sampling.temperature(1).topP(0.5).seed(3));
    assertThat(half.next(flat, List.of())).isBetween(0L, 4_999L);
  }

  @Test
  void theSameSeedGivesTheSameTokens() {
    Sampling sampling = Sampling.temperature(1).seed(11);
    assertThat(shares(sampling)).isEqualTo(shares(sampling));
    assertThat(shares(sampling)).isNotEqualTo(shares(sampling.seed(12)));
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void logitThatIsNotFiniteIsRefused(float value) {
    Tensor logits = Ops.tensor(new float[] {1, value, 3}, 3);
    for (Sampling sampling : List.of(Sampling.greedy(), Sampling.temperature(1).topK(2))) {
      assertThatThrownBy(() -> new Sampler(sampling).next(logits, List.of()))
          .isInstanceOf(NotFinite.class)
          .hasMessage("the logits of the next token are not finite");
    }
  }

  @Test
  void temperatureThatOverflowsTheLogitsIsGreedy() {
    Tensor logits = Ops.tensor(new float[] {1, 2, 3}, 3);
    assertThat(new Sampler(Sampling.temperature(1e-300)).next(logits, List.of())).isEqualTo(2);
  }

  @Test
  void invalidSettingsAreRefused() {
    assertThatThrownBy(() -> Sampling.temperature(-1))
        .isInstanceOf(UserError.class)
        .hasMessage("temperature must be at least 0");
    assertThatThrownBy(() -> Sampling.greedy().topP(0)).hasMessageContaining("top_p");
    assertThatThrownBy(() -> Sampling.greedy().topK(-1)).hasMessageContaining("top_k");
    assertThatThrownBy(() -> Sampling.greedy().minP(2)).hasMessageContaining("min_p");
    assertThatThrownBy(() -> Sampling.greedy().repetitionPenalty(0))
        .hasMessageContaining("repetition_penalty");
  }
}
