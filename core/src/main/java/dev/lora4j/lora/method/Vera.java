package dev.lora4j.lora.method;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.lora.layer.AuxiliaryModule;
import dev.lora4j.lora.layer.DeltaOptions;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.LoraMethod;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.WeightedLayer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * VeRA: all layers share one pair of frozen random matrices, and each trains two vectors that scale
 * them (Kopiczko et al. 2023, arXiv:2310.11454, §3).
 *
 * @param projectionSeed {@code projection_prng_key}: the seed of the shared matrices
 * @param saveProjection {@code save_projection}: whether the adapter's file contains them
 * @param dInitial {@code d_initial}: the first value of the vector d, which scales A
 */
public record Vera(long projectionSeed, boolean saveProjection, double dInitial)
    implements LoraMethod {
  private static final String SEED = "projection_prng_key";
  private static final String SAVE = "save_projection";
  private static final String D_INITIAL = "d_initial";
  private static final String INIT = "init_weights";

  public Vera {
    if (!Double.isFinite(dInitial)) {
      throw new UserError("d_initial must be a finite number, found " + dInitial);
    }
  }

  /** VeRA with PEFT's settings. */
  public Vera() {
    this(0, true, 0.1);
  }

  @Override
  public String peftType() {
    return "VERA";
  }

  @Override
  public Set<String> configKeys() {
    return Set.of(
        "peft_type",
        "r",
        "target_modules",
        "layers_to_transform",
        "layers_pattern",
        "modules_to_save",
        "fan_in_fan_out",
        "inference_mode");
  }

  @Override
  public String dropoutKey() {
    return "vera_dropout";
  }

  @Override
  public int defaultRank() {
    return 256;
  }

  @Override
  public Map<String, Object> settings() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put(SEED, projectionSeed);
    settings.put(SAVE, saveProjection);
    settings.put(D_INITIAL, dInitial);
    settings.put(INIT, true);
    return settings;
  }

  @Override
  public LoraMethod withSettings(JsonDocument config) {
    if (!config.flag(INIT, true)) {
      config.refuse(List.of(INIT + " = false"));
    }
    double seed = config.number(SEED, 0);
    if (seed != (long) seed) {
      throw config.wrong(SEED, "an integer", seed);
    }
    return new Vera((long) seed, config.flag(SAVE, true), config.number(D_INITIAL, 0.1));
  }

  @Override
  public List<String> problems(String path, Module layer, DeltaOptions options) {
    return layer instanceof Linear || layer instanceof TransposedLinear
        ? List.of()
        : List.of("'%s' is a %s, and VeRA adapts linear layers only".formatted(path, layer.kind()));
  }

  @Override
  public long trainableParameters(Module layer, DeltaOptions options) {
    return options.rank() + ((WeightedLayer) layer).outFeatures();
  }

  @Override
  public DeltaFactory newAdapter(List<Module> layers, int rank) {
    VeraProjection projection = VeraProjection.of(layers, rank, projectionSeed);
    return new DeltaFactory() {
      @Override
      public LoraDelta create(Module layer, DeltaOptions options) {
        return new VeraDelta((WeightedLayer) layer, projection, options, dInitial);
      }

      @Override
      public Optional<AuxiliaryModule> shared() {
        return Optional.of(projection);
      }

      @Override
      public Map<String, Parameter> savedShared() {
        return saveProjection ? projection.saved() : Map.of();
      }
    };
  }
}
