package dev.lora4j.lora.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.conv.Conv2d;
import dev.lora4j.nn.conv.ConvOptions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PlanListingTest {

  static List<LoraConfig> configs() {
    LoraConfig some = LoraConfig.rank(2).targets(Targets.named("0", "1", "2", "3"));
    return List.of(
        LoraConfig.rank(4),
        some,
        some.dora(true).targets(Targets.named("0", "1", "3")),
        some.loraBias(true).targets(Targets.named("0", "1", "2")),
        some.bias(BiasTraining.ALL).modulesToSave("4"),
        some.targets(Targets.named("0")).rankPattern(Map.of("0", 3)),
        some.targets(Targets.named("0")).trainableTokens(Map.of("3", List.of(1L, 5L))));
  }

  @ParameterizedTest
  @MethodSource("configs")
  void countsEqualTheAdaptersParameters(LoraConfig config) {
    try (Sequential network =
        new Sequential(
            new Linear(6, 5),
            new TransposedLinear(5, 7),
            new Conv2d(4, 8, ConvOptions.kernel(3).withGroups(2)),
            new Embedding(10, 6),
            Linear.withoutBias(7, 3))) {
      PlanListing listing = PlanListing.of(Lora.plan(network, config), config);
      LoraModel model = Lora.base(network);
      model.add("default", config);

      assertThat(listing.parameters())
          .isEqualTo(model.parameters("default").stream().mapToLong(Parameter::numel).sum());
      assertThat(listing.bytes()).isEqualTo(4 * listing.parameters());
    }
  }
}
