package dev.lora4j.lora;

import dev.lora4j.nn.Module;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.bytedeco.javacpp.PointerScope;

/** Builds an adapter into a network as its plan says. */
final class AdapterBuilder {
  private final Module base;
  private final Adapters shared;
  private final LoraConfig config;
  private final Adapter adapter;
  private final BooleanSupplier active;
  private final Map<Module, Replacements> replacements = new LinkedHashMap<>();
  private final Map<Module, LoraLayer> adapted = new HashMap<>(); // one layer may have many places

  private AdapterBuilder(
      Module base, Adapters shared, String name, LoraConfig config, AdapterPlan plan) {
    this.base = base;
    this.shared = shared;
    this.config = config;
    adapter = new Adapter(name, config, plan.paths());
    active = () -> shared.uses(adapter);
    for (Module module : base.namedModules().values()) {
      if (module instanceof LoraLayer layer) {
        adapted.put(layer.pretrained(), layer);
      }
    }
  }

  static Adapter build(
      Module base, Adapters shared, String name, LoraConfig config, AdapterPlan plan) {
    AdapterBuilder builder = new AdapterBuilder(base, shared, name, config, plan);
    try (PointerScope scope = new PointerScope()) {
      plan.layers().forEach(builder::adapt);
      plan.parameters().forEach(builder::adapt);
      plan.saved().forEach(saved -> builder.save(saved.path(), saved.module()));
      plan.biases().forEach(builder::save);
      plan.tokens().forEach(builder::save);
    }
    builder.replacements.values().forEach(made -> builder.adapter.saved().putAll(made.saved()));
    return builder.adapter;
  }

  private void adapt(AdapterPlan.Layer planned) {
    LoraLayer layer =
        adapted.computeIfAbsent(planned.module(), bare -> LoraLayer.over(bare, shared));
    base.replace(planned.path(), layer);
    Update update = layer.update(adapter);
    if (update == null) {
      update = layer.add(adapter, planned.rank(), planned.scaling(), config);
    }
    update
        .saved()
        .forEach(
            (suffix, parameter) -> adapter.saved().put(planned.path() + "." + suffix, parameter));
  }

  private void adapt(AdapterPlan.RawParameter planned) {
    ParameterUpdate update =
        new ParameterUpdate(
            Objects.requireNonNull(planned.module().ownParameters().get(planned.name())),
            planned.module().keepsParametersTransposed(),
            planned.rank(),
            planned.scaling(),
            active);
    update.initialize(config.initialization());
    adapter.graft(planned.module(), "_" + planned.name(), update);
    String key = planned.path() + ".base_layer".repeat(planned.deeper());
    adapter.saved().put(key + ".lora_A.weight", update.a());
    adapter.saved().put(key + ".lora_B.weight", update.b());
  }

  private void save(String path, Module module) {
    for (String parameter : module.ownParameters().keySet()) {
      replacementsOf(module).whole(parameter, path + "." + parameter);
    }
    module
        .children()
        .forEach(
            (child, below) -> {
              if (!(below instanceof Graft)) {
                save(path + "." + child, below);
              }
            });
  }

  private void save(AdapterPlan.Bias bias) {
    String key = bias.path() + (bias.adapted() ? ".base_layer" : "") + ".bias";
    replacementsOf(bias.module()).whole("bias", key);
  }

  private void save(AdapterPlan.Tokens tokens) {
    replacementsOf(tokens.module())
        .rows("weight", tokens.rows(), tokens.path() + ".token_adapter.trainable_tokens_delta");
  }

  private Replacements replacementsOf(Module owner) {
    return replacements.computeIfAbsent(
        owner,
        module -> {
          Replacements made = new Replacements(module, active);
          adapter.graft(module, "", made);
          return made;
        });
  }
}
