package dev.lora4j.lora.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoraConfigTest {

  @Test
  void defaultsAreAllLinearLayersAndAScalingOfOne() {
    LoraConfig config = LoraConfig.rank(4);

    assertThat(config).isEqualTo(LoraConfig.rank(4).alpha(4).targets(Targets.everyLinear()));
    assertThat(config.scaling()).isEqualTo(1);
    assertThat(config.targets().describe()).isEqualTo("every linear layer");
  }

  @Test
  void eachOptionChangesOnlyItself() {
    Targets targets = Targets.named("q_proj", "v_proj");

    LoraConfig config = LoraConfig.rank(8).alpha(16).targets(targets);

    assertThat(config).isEqualTo(LoraConfig.rank(8).alpha(16).targets(targets));
    assertThat(config.scaling()).isEqualTo(2);
    assertThat(targets.describe()).isEqualTo("q_proj, v_proj");
    assertThat(Targets.matching("a|b").describe()).isEqualTo("a|b");
  }

  @Test
  void rankBelowOneIsRefused() {
    assertThatThrownBy(() -> LoraConfig.rank(0))
        .isInstanceOf(UserError.class)
        .hasMessage("rank must be at least 1, found 0");
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
  void alphaThatIsNotFiniteIsRefused(double alpha) {
    assertThatThrownBy(() -> LoraConfig.rank(1).alpha(alpha))
        .isInstanceOf(UserError.class)
        .hasMessage("alpha must be a finite number, found " + alpha);
  }
}
