package dev.lora4j.lora;

import dev.lora4j.lora.config.AdapterPlan;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.layer.AuxiliaryModule;
import dev.lora4j.lora.layer.BaseModules;
import dev.lora4j.lora.layer.EmbeddingDelta;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.lora.layer.LoraMethod;
import dev.lora4j.lora.layer.ModulesToSave;
import dev.lora4j.lora.layer.ParameterDelta;
import dev.lora4j.lora.layer.TiedHeadDelta;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.bytedeco.javacpp.PointerScope;

/** Builds an adapter into a network by its plan. */
final class AdapterBuilder {
  private final Module base;
  private final AdapterRegistry registry;
  private final LoraConfig config;
  private final Adapter adapter;
  private final BooleanSupplier active;
  private final Map<Module, ModulesToSave> replacements = new LinkedHashMap<>();
  private final Map<Module, LoraLayer> adapted =
      new HashMap<>(); // one layer may have several paths

  private AdapterBuilder(
      Module base, AdapterRegistry registry, String name, LoraConfig config, AdapterPlan plan) {
    this.base = base;
    this.registry = registry;
    this.config = config;
    adapter = new Adapter(name, config, plan.paths());
    active = () -> registry.uses(adapter);
    BaseModules.adapted(base).values().forEach(layer -> adapted.put(layer.pretrained(), layer));
  }

  static Adapter build(
      Module base, AdapterRegistry registry, String name, LoraConfig config, AdapterPlan plan) {
    AdapterBuilder builder = new AdapterBuilder(base, registry, name, config, plan);
    try (PointerScope scope = new PointerScope()) {
      builder.adapt(plan.layers());
      plan.parameters().forEach(builder::adapt);
      plan.saved().forEach(saved -> builder.save(saved.path(), saved.module(), saved.tied()));
      plan.biases().forEach(builder::save);
      plan.tokens().forEach(builder::save);
    }
    builder.replacements.values().forEach(made -> builder.adapter.saved().putAll(made.saved()));
    return builder.adapter;
  }

  private void adapt(List<AdapterPlan.Layer> layers) {
    List<Module> modules = layers.stream().map(AdapterPlan.Layer::module).toList();
    LoraMethod.DeltaFactory deltas = config.method().newAdapter(modules, config.rank());
    layers.forEach(planned -> adapt(planned, deltas));
    deltas.shared().ifPresent(shared -> adapter.attach(base, "_shared", shared));
    adapter.saved().putAll(deltas.savedShared());
  }

  private void adapt(AdapterPlan.Layer planned, LoraMethod.DeltaFactory deltas) {
    LoraLayer layer =
        adapted.computeIfAbsent(planned.module(), bare -> LoraLayer.over(bare, registry));
    if (base.find(planned.path()) != layer) {
      base.replace(planned.path(), layer);
    }
    if (planned.tiedTo().isPresent()) {
      adapter.add(layer, tied((Linear) planned.module(), planned.tiedTo().get()));
      return;
    }
    LoraDelta delta = adapter.delta(layer);
    if (delta == null) {
      delta = deltas.create(planned.module(), config.optionsAt(planned.path()));
      adapter.add(layer, delta);
    }
    delta
        .tensors()
        .forEach(
            (suffix, parameter) -> adapter.saved().put(planned.path() + "." + suffix, parameter));
  }

  private TiedHeadDelta tied(Linear head, String embedding) {
    LoraLayer source = Objects.requireNonNull(BaseModules.adapted(base).get(embedding));
    return new TiedHeadDelta(
        head,
        (EmbeddingDelta) Objects.requireNonNull(adapter.delta(source)),
        config.optionsAt(embedding));
  }

  private void adapt(AdapterPlan.RawParameter planned) {
    ParameterDelta delta =
        new ParameterDelta(
            Objects.requireNonNull(planned.module().ownParameters().get(planned.name())),
            planned.module().keepsParametersTransposed(),
            planned.rank(),
            planned.scaling(),
            active);
    delta.initialize(config.initialization());
    adapter.attach(planned.module(), "_" + planned.name(), delta);
    String key = planned.path() + ".base_layer".repeat(planned.deeper());
    adapter.saved().put(key + ".lora_A.weight", delta.a());
    adapter.saved().put(key + ".lora_B.weight", delta.b());
  }

  private void save(String path, Module module, boolean tied) {
    for (String parameter : module.ownParameters().keySet()) {
      replacementsOf(module).whole(parameter, path + "." + parameter, tied);
    }
    module
        .children()
        .forEach(
            (child, below) -> {
              if (!(below instanceof AuxiliaryModule)) {
                save(path + "." + child, below, tied);
              }
            });
  }

  private void save(AdapterPlan.Bias bias) {
    String key = bias.path() + (bias.adapted() ? ".base_layer" : "") + ".bias";
    replacementsOf(bias.module()).whole("bias", key, false);
  }

  private void save(AdapterPlan.Tokens tokens) {
    replacementsOf(tokens.module())
        .rows("weight", tokens.rows(), tokens.path() + ".token_adapter.trainable_tokens_delta");
  }

  private ModulesToSave replacementsOf(Module owner) {
    return replacements.computeIfAbsent(
        owner,
        module -> {
          ModulesToSave made = new ModulesToSave(module, active);
          adapter.attach(module, "", made);
          return made;
        });
  }
}
