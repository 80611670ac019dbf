package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.Module;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CompatibilityChecksTest {
  private static final LoraConfig TWO = LoraConfig.rank(2);

  static Stream<Arguments> asked() {
    LoraConfig grouped = TWO.targets(Targets.named("grouped"));
    LoraConfig image = TWO.targets(Targets.named("image"));
    LoraConfig embed = TWO.targets(Targets.named("embed"));
    Initialization orthogonal = new Initialization.Orthogonal();
    Initialization pissa = new Initialization.Pissa(0);
    LoraConfig up = TWO.targets(Targets.none()).targetParameters("first.up");
    return Stream.of(
        Arguments.of("convs", grouped.dora(true), "convolution with groups"),
        Arguments.of("convs", grouped.withRank(3), "must be a multiple"),
        Arguments.of("convs", image.initialization(orthogonal), "'image' is not a linear layer"),
        Arguments.of("convs", image.initialization(pissa), "'image' is not a linear layer"),
        Arguments.of("embedding", embed.loraBias(true), "can't have lora_bias"),
        Arguments.of(
            "embedding", embed.initialization(orthogonal), "'embed' is not a linear layer"),
        Arguments.of(
            "embedding",
            TWO.targets(Targets.named("fc")).trainableTokens(Map.of("embed", List.of(12L))),
            "has rows 0 to 11, found 12"),
        Arguments.of(
            "mlp", LoraConfig.rank(3).initialization(orthogonal), "needs an even rank, found 3"),
        Arguments.of("moe", up.initialization(pissa), "does not apply to target_parameters"));
  }

  @ParameterizedTest
  @MethodSource("asked")
  void incompatibleOptionsAreRefusedBeforeAnyChange(
      String network, LoraConfig config, String problem) {
    try (Module net = PeftNetworks.named(network)) {
      LoraModel model = Lora.base(net);
      Set<String> before = net.namedParameters().keySet();

      assertThatThrownBy(() -> model.add("one", config))
          .isInstanceOf(UserError.class)
          .hasMessageContaining(problem);
      assertThatThrownBy(() -> model.addForLoading("one", config))
          .isInstanceOf(UserError.class)
          .hasMessageContaining(problem);

      assertThat(net.namedParameters().keySet()).isEqualTo(before);
      assertThat(model.adapterNames()).isEmpty();
    }
  }
}
