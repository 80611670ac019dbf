package dev.lora4j.lora;

import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.TargetResolver;
import dev.lora4j.lora.init.Eva;
import dev.lora4j.lora.init.EvaBatch;
import dev.lora4j.lora.init.EvaResult;
import dev.lora4j.lora.init.Loftq;
import dev.lora4j.lora.init.OriginalWeights;
import java.util.List;

/** Adds adapters whose initialisation needs more than the network: examples, or other weights. */
final class InformedStart {
  private InformedStart() {}

  static List<String> eva(LoraModel model, String name, LoraConfig config, List<EvaBatch> batches) {
    model.requireFree(name);
    try (AdapterScope bare = model.disabled();
        EvaResult learned = Eva.learn(model.base(), config, batches)) {
      LoraConfig found = learned.config();
      List<String> paths =
          model.build(name, found, TargetResolver.planFromData(model.base(), found));
      learned.initialize(model.adapter(name).deltas(model.layers()));
      return paths;
    }
  }

  static List<String> loftq(
      LoraModel model, String name, LoraConfig config, OriginalWeights originals) {
    model.requireFree(name);
    try (Loftq loftq =
        Loftq.prepare(
            model.base(), config, TargetResolver.planFromData(model.base(), config), originals)) {
      List<String> paths =
          model.build(name, config, TargetResolver.planFromData(model.base(), config));
      loftq.initialize(model.adapter(name).deltas(model.layers()));
      return paths;
    }
  }
}
