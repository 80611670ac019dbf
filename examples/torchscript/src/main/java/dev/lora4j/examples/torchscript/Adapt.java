package dev.lora4j.examples.torchscript;

import dev.lora4j.data.Dataset;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.torchscript.TorchScriptModel;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.Loss;
import dev.lora4j.train.Trainer;
import java.nio.file.Path;

/** Trains an adapter for a regression network of which only the TorchScript file is left. */
public final class Adapt {
  private Adapt() {}

  /**
   * @param net file of the network
   * @param data rows with their values
   * @param adapter directory for the adapter, in PEFT's format
   * @param merged TorchScript file that replaces the network
   */
  public static void adapt(Path net, Dataset data, Path adapter, Path merged) {
    try (TorchScriptModel model = TorchScriptModel.load(net);
        AdamW adamW = new AdamW(1e-2)) {
      LoraModel adapted =
          Lora.adapt(model, LoraConfig.rank(4).targets(Targets.named("fc", "head")));
      Trainer.of(model, adamW).loss(Loss.SQUARED_ERROR).epochs(20).batchSize(16).fit(data);
      adapted.save("default", adapter);
      adapted.merge();
      model.save(merged);
    }
  }
}
