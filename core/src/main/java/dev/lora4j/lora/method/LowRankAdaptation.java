package dev.lora4j.lora.method;

import dev.lora4j.lora.layer.ConvDelta;
import dev.lora4j.lora.layer.DeltaOptions;
import dev.lora4j.lora.layer.DoraDelta;
import dev.lora4j.lora.layer.EmbeddingDelta;
import dev.lora4j.lora.layer.FactoredDelta;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.Initializer;
import dev.lora4j.lora.layer.LinearDelta;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.LoraMethod;
import dev.lora4j.lora.layer.ResidualDelta;
import dev.lora4j.lora.layer.StartingDelta;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.conv.Conv;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** LoRA, with all that PEFT's {@code LoraConfig} has: DoRA, rsLoRA and the initialisations. */
record LowRankAdaptation() implements LoraMethod {
  @Override
  public String peftType() {
    return "LORA";
  }

  @Override
  public Set<String> configKeys() {
    return ConfigKeys.KNOWN;
  }

  @Override
  public List<String> problems(String path, Module layer, DeltaOptions options) {
    return CompatibilityChecks.of(path, layer, options);
  }

  @Override
  public long trainableParameters(Module layer, DeltaOptions options) {
    WeightedLayer weighted = (WeightedLayer) layer;
    long[] shape = weighted.store().shape();
    long outputs = weighted.outFeatures();
    long groups = layer instanceof Conv conv ? conv.options().groups() : 1;
    long inputs =
        Arrays.stream(shape).reduce(1, (a, b) -> a * b) / outputs; // inputs of each output
    long ofBias = options.bias() ? outputs : 0;
    long ofMagnitude = options.dora() ? outputs : 0;
    return options.rank() * (inputs * groups + outputs / groups) + ofBias + ofMagnitude;
  }

  @Override
  public DeltaFactory newAdapter(List<Module> layers, int rank) {
    return LowRankAdaptation::create;
  }

  static LoraDelta create(Module layer, DeltaOptions options) {
    FactoredDelta delta = lowRank(layer, options);
    delta.to(delta.base().store().device());
    Initializer.initialize(delta, options.initialization());
    return options.dora() ? new DoraDelta(delta) : delta;
  }

  private static FactoredDelta lowRank(Module layer, DeltaOptions options) {
    if (layer instanceof Conv conv) {
      return new ConvDelta(conv, options);
    }
    if (layer instanceof Embedding embedding) {
      return new EmbeddingDelta(embedding, options);
    }
    if (options.initialization() instanceof Initialization.Loftq) {
      return new StartingDelta((WeightedLayer) layer, options);
    }
    return options.initialization().takesFromBase()
        ? new ResidualDelta((WeightedLayer) layer, options)
        : new LinearDelta((WeightedLayer) layer, options);
  }
}
