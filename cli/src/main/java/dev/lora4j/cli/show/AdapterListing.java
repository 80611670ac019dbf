package dev.lora4j.cli.show;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.format.AdapterSummary;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** The contents of a saved adapter. */
public record AdapterListing(AdapterSummary adapter, TensorListing tensors) implements Listing {
  private static final int MANY_TARGETS = 14;

  @Override
  public void print(PrintStream out, boolean all) {
    LoraConfig config = adapter.config();
    out.printf(
        "LoRA adapter: rank %d, alpha %s, scaling %s, targets %s%n",
        config.rank(), config.alpha(), config.scaling(), targets());
    List<String> methods = methods();
    if (!methods.isEmpty()) {
      out.println("Options: " + String.join(", ", methods));
    }
    String base = config.otherKeys().get("base_model_name_or_path");
    if (base != null) {
      out.println("Base model: " + base.replace("\"", ""));
    }
    tensors.print(out, all);
  }

  @Override
  public void fill(ObjectNode root) {
    ObjectNode lora = root.putObject("adapter");
    lora.put("rank", adapter.config().rank());
    lora.put("alpha", adapter.config().alpha());
    lora.put("scaling", adapter.config().scaling());
    lora.put("targets", adapter.targets());
    methods().forEach(lora.putArray("options")::add);
    tensors.fill(root);
  }

  /** The paths of the target modules, or their last parts if there are many. */
  private String targets() {
    List<String> paths = List.of(adapter.targets().split(", "));
    if (paths.size() <= MANY_TARGETS) {
      return adapter.targets();
    }
    TreeSet<String> ends = new TreeSet<>();
    paths.forEach(path -> ends.add(path.substring(path.lastIndexOf('.') + 1)));
    return "%d layers (%s)".formatted(paths.size(), String.join(", ", ends));
  }

  /** The options beyond plain LoRA. */
  private List<String> methods() {
    LoraConfig config = adapter.config();
    List<String> methods = new ArrayList<>();
    if (config.dora()) {
      methods.add("DoRA");
    }
    if (config.rsLora()) {
      methods.add("rsLoRA");
    }
    if (config.loraBias()) {
      methods.add("lora_bias");
    }
    config
        .rankPattern()
        .values()
        .forEach((k, v) -> methods.add("rank " + v.intValue() + " at " + k));
    config.alphaPattern().values().forEach((k, v) -> methods.add("alpha " + v + " at " + k));
    if (!config.modulesToSave().isEmpty()) {
      methods.add("whole modules " + String.join(" ", config.modulesToSave()));
    }
    config.trainableTokens().forEach((name, rows) -> methods.add(rows.size() + " rows of " + name));
    if (!config.targetParameters().isEmpty()) {
      methods.add("parameters " + String.join(" ", config.targetParameters()));
    }
    return methods;
  }
}
