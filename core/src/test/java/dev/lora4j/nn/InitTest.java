package dev.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.Fixture;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InitTest {

  /**
   * The same engine, seed and order of drawing give PyTorch's values, within 1e-6, since another
   * processor may fuse a product and a sum.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "linear",
        "linear_no_bias",
        "conv1d",
        "conv2d",
        "conv3d",
        "embedding",
        "embedding_small"
      })
  void seedGivesPyTorchsValues(String name) {
    try (PointerScope scope = new PointerScope()) {
      Fixture fixture = Fixture.read("init/" + name + ".safetensors");
      Engine.seed(0);

      Module layer = FixtureLayer.build(fixture.metadata("layer"));

      layer.stateDict().forEach((key, value) -> fixture.check("state." + key, value, 1e-6));
    }
  }

  @Property(tries = 50)
  void linearWeightsStayWithinTheFanInBound(
      @ForAll @IntRange(min = 1, max = 300) int in,
      @ForAll @IntRange(min = 1, max = 50) int out,
      @ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        Linear layer = seeded(seed, in, out)) {
      for (Parameter parameter : layer.namedParameters().values()) {
        for (float value : Ops.floats(parameter.value())) {
          assertThat(Math.abs(value)).isLessThanOrEqualTo((float) (1 / Math.sqrt(in)));
        }
      }
    }
  }

  private static Linear seeded(long seed, int in, int out) {
    Engine.seed(seed);
    return new Linear(in, out);
  }

  /** {@code U(−b, b)}, {@code b = 1 / √fanIn}: mean 0, variance b² / 3. */
  @Property(tries = 5)
  void uniformInitialisationHasTheMomentsOfItsDistribution(
      @ForAll @LongRange(min = 0, max = 1000) long seed) {
    try (PointerScope scope = new PointerScope()) {
      Engine.seed(seed);
      checkMoments(Init.kaimingUniform(300, 100), 1.0 / 3 / 100);
      checkMoments(Init.kaimingUniform(40, 8, 5, 5), 1.0 / 3 / 200);
      checkMoments(new Embedding(200, 50).weight().value(), 1);
    }
  }

  /** About ten thousand draws: the mean is within five of its standard deviations. */
  private static void checkMoments(Tensor drawn, double variance) {
    float[] values = Ops.floats(drawn);
    double mean = IntStream.range(0, values.length).mapToDouble(i -> values[i]).average().orElse(9);
    double square =
        IntStream.range(0, values.length)
            .mapToDouble(i -> (double) values[i] * values[i])
            .average()
            .orElse(9);
    assertThat(mean).isCloseTo(0, within(5 * Math.sqrt(variance / values.length)));
    assertThat(square / variance).isCloseTo(1, within(0.1));
  }

  @Test
  void fanInIsTheProductOfAllButTheFirst() {
    assertThat(Init.fanIn(7, 3, 5, 2)).isEqualTo(30);
    assertThat(Init.fanIn(7)).isEqualTo(1);
  }
}
