package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Mlp;
import dev.lora4j.UserError;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.nn.Activation;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.Summary;
import dev.lora4j.nn.runtime.Devices;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoraTest {
  private final Mlp net = new Mlp();
  private final List<String> report = new ArrayList<>();

  @Test
  void allLinearLayersAreAdaptedAndReported() {
    LoraModel model = Lora.adapt(net, LoraConfig.rank(2), report::add);

    assertThat(report)
        .containsExactly(
            "Replaced fc1 with LoRALinear layer.",
            "Replaced block.fc2 with LoRALinear layer.",
            "Replaced head with LoRALinear layer.");
    assertThat(model.layers().keySet()).containsExactly("fc1", "block.fc2", "head");
    assertThat(model.active()).containsExactly("default");
    assertThat(model.base()).isSameAs(net);
  }

  @Test
  void baseIsFrozenWhetherAdaptedOrNot() {
    LoraModel model = Lora.adapt(net, LoraConfig.rank(2).targets(Targets.named("fc2")));

    assertThat(net.trainableParameters()).isEqualTo(model.parameters("default")).hasSize(2);
  }

  @Test
  void adaptedLayersAreNotCopied() {
    Module head = net.find("head");

    LoraModel model = Lora.adapt(net, LoraConfig.rank(2));

    assertThat(model.layers().get("head")).extracting(LoraLayer::pretrained).isSameAs(head);
  }

  @Test
  void adaptedNetworkIsNotChangedAgain() {
    LoraModel model = Lora.adapt(net, LoraConfig.rank(2), report::add);
    String before = Summary.of(net).toString();
    Map<String, LoraLayer> layers = model.layers();
    report.clear();

    LoraModel again = Lora.adapt(net, LoraConfig.rank(8), report::add);

    assertThat(report).containsExactly("Model already contains LoRALinear layers.");
    assertThat(Summary.of(net)).hasToString(before);
    assertThat(again.layers()).isEqualTo(layers);
    assertThat(again.config("default").rank()).isEqualTo(2);
  }

  @Test
  void twoModelsOfOneAdaptedNetworkAgree() {
    LoraModel model = Lora.adapt(net, LoraConfig.rank(2));
    LoraModel again = Lora.base(net);

    again.add("other", LoraConfig.rank(1));
    model.activate("other");

    assertThat(model.adapterNames()).containsExactly("default", "other");
    assertThat(again.active()).containsExactly("other");
  }

  @Test
  void baseIsFrozenAndHasNoAdapters() {
    LoraModel model = Lora.base(net);

    assertThat(net.trainableParameters()).isEmpty();
    assertThat(model.adapterNames()).isEmpty();
    assertThat(model.active()).isEmpty();
  }

  @Test
  void rankAlphaAndDeviceInOneCall() {
    LoraModel model = Lora.adapt(net, 3, 6, Devices.named("cpu"), report::add);

    assertThat(report).hasSize(3);
    assertThat(model.config("default")).isEqualTo(LoraConfig.rank(3).alpha(6));
  }

  // ---- targets ----

  @Test
  void nameMatchesEveryPathThatEndsWithIt() {
    Module twoBlocks = new Sequential(new Mlp(), new Mlp());

    LoraModel model =
        Lora.adapt(twoBlocks, LoraConfig.rank(1).targets(Targets.named("fc2", "1.head")));

    assertThat(model.layers().keySet()).containsExactly("0.block.fc2", "1.block.fc2", "1.head");
  }

  @Test
  void regularExpressionMatchesFullPaths() {
    LoraModel model =
        Lora.adapt(net, LoraConfig.rank(1).targets(Targets.matching("(.*\\.)?fc\\d")));

    assertThat(model.layers().keySet()).containsExactly("fc1", "block.fc2");
  }

  @Test
  void allUnmatchedNamesAreListedAndNothingIsAdapted() {
    refused(
        Targets.named("fc1", "haed", "q_proj", "block"),
        """
        no module matches 'haed'; did you mean head?
        no module matches 'q_proj'; valid: fc1, fc2, head
        'block' is a Block, which can't be adapted; linear layers: fc1, block.fc2, head""");
    refused(
        Targets.matching("fc2"),
        "no linear layer's full path matches 'fc2'; linear layers: fc1, block.fc2, head");
    assertThat(net.find("fc1")).isInstanceOf(Linear.class);
  }

  private void refused(Targets targets, String message) {
    assertThatThrownBy(() -> Lora.adapt(net, LoraConfig.rank(1).targets(targets)))
        .isInstanceOf(UserError.class)
        .hasMessage(message);
  }

  @Test
  void networkWithoutLinearLayersIsRefused() {
    Module activation = new Sequential(Activation.relu());

    assertThatThrownBy(() -> Lora.adapt(activation, LoraConfig.rank(1)))
        .isInstanceOf(UserError.class)
        .hasMessage("the network has no linear layer");
  }

  @ParameterizedTest
  @ValueSource(strings = "eva")
  void dataDrivenInitialisationIsRefusedBeforeAnyChange(String word) {
    try (Mlp net = new Mlp()) {
      LoraConfig config = LoraConfig.rank(2).initialization(Initialization.named(word));

      assertThatThrownBy(() -> Lora.adapt(net, config))
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith(word);
      assertThat(net.namedModules().values()).noneMatch(LoraLayer.class::isInstance);
    }
  }
}
