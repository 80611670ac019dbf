package dev.lora4j.cli.show;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.plan.BaseStore;
import dev.lora4j.llm.plan.BaseWeights;
import dev.lora4j.llm.plan.InferenceMemory;
import dev.lora4j.llm.plan.MachineMemory;
import dev.lora4j.llm.plan.MemoryAdvice;
import dev.lora4j.llm.plan.ModelOutline;
import dev.lora4j.llm.plan.TrainingMemory;
import dev.lora4j.llm.plan.TrainingSetup;
import dev.lora4j.llm.train.BatchConfig;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The memory of training, generation and serving against that of a machine.
 *
 * @param contextLength tokens of a generated text
 * @param cacheBytes size of a server's KV cache
 * @param machineName such as {@code This machine}
 */
public record MemoryReport(
    ModelOutline model,
    TrainingSetup setup,
    int contextLength,
    long cacheBytes,
    MachineMemory machine,
    String machineName) {

  private TrainingMemory training() {
    return model.training(setup);
  }

  private Map<String, Long> components() {
    TrainingMemory memory = training();
    Map<String, Long> components = new LinkedHashMap<>();
    components.put("base weights, " + setup.base().store(), memory.base());
    components.put("adapter", memory.adapter());
    components.put("gradients", memory.gradients());
    components.put("optimizer", memory.optimizer());
    components.put("activations", memory.activations());
    components.put("workspace", memory.workspace());
    components.put("logits", memory.logits());
    components.put("gaps of the allocator", memory.gaps());
    components.put("Java and libtorch", memory.runtime());
    components.put("together", memory.total());
    return components;
  }

  // ---- text ----

  public void print(PrintStream out) {
    printStores(out);
    printTraining(out);
    printInference(out);
    printFit(out);
  }

  private void printStores(PrintStream out) {
    out.printf("%nMemory of the base weights:%n");
    TextTable table = new TextTable("store", "memory", "bits a weight", "options");
    model.stored().ifPresent(weights -> row(table, weights, ""));
    for (BaseStore store : model.stores()) {
      row(table, model.base(store), store.options());
    }
    table.print(out);
  }

  private void row(TextTable table, BaseWeights weights, String options) {
    double bits = 8.0 * weights.bytes() / model.parameters();
    table.row(
        weights.store(),
        NumberFormats.bytes(weights.bytes()),
        NumberFormats.format("%.2f", bits),
        options);
  }

  private void printTraining(PrintStream out) {
    BatchConfig batching = setup.batching();
    out.printf(
        "%nMemory of training, %d × %d tokens%s, %d workers:%n",
        batching.batchSize(),
        batching.maxSeqLength(),
        batching.activationCheckpointing() ? " with gradient checkpointing" : "",
        setup.workers());
    TextTable table = new TextTable("part", "memory");
    components().forEach((part, bytes) -> table.row(part, NumberFormats.bytes(bytes)));
    table.print(out);
    if (!batching.activationCheckpointing()) {
      TrainingMemory less = model.training(setup.with(batching.gradientCheckpointing()));
      out.printf("With --gradient-checkpointing: %s together%n", NumberFormats.bytes(less.total()));
    }
  }

  private void printInference(PrintStream out) {
    InferenceMemory text = model.generation(setup, contextLength);
    out.printf(
        "%nGenerating a text of %s tokens: %s together, of which %s are its KV cache, %s a token%n",
        NumberFormats.count(contextLength),
        NumberFormats.bytes(text.total()),
        NumberFormats.bytes(text.cache()),
        NumberFormats.bytes(text.cacheOfToken()));
    InferenceMemory server = model.serving(setup, cacheBytes);
    out.printf(
        "Serving with --cache-mb %d: %s together; the KV cache holds %s tokens of all requests%n",
        cacheBytes >> 20,
        NumberFormats.bytes(server.total()),
        NumberFormats.count(cacheBytes / server.cacheOfToken()));
  }

  private void printFit(PrintStream out) {
    long total = training().total();
    out.printf(
        "%n%s has %s of memory%s. ",
        machineName,
        NumberFormats.bytes(machine.total()),
        machine.available() < machine.total()
            ? ", " + NumberFormats.bytes(machine.available()) + " of it available"
            : "");
    if (total <= machine.available()) {
      out.println("Training fits.");
      return;
    }
    MemoryAdvice advice = advice();
    String options = String.join(" ", advice.changes());
    String needed = NumberFormats.bytes(advice.memory().total());
    out.println(
        advice.fits()
            ? "Training does not fit. It needs %s with %s".formatted(needed, options)
            : "Training does not fit, not even with %s: that needs %s".formatted(options, needed));
  }

  private MemoryAdvice advice() {
    return MemoryAdvice.of(model, setup, machine.available());
  }

  // ---- JSON ----

  /** Adds the figures, in bytes. */
  public void fill(ObjectNode root) {
    ObjectNode memory = root.putObject("memory");
    ObjectNode stores = memory.putObject("base_bytes");
    model.stored().ifPresent(weights -> stores.put("stored", weights.bytes()));
    model.stores().forEach(store -> stores.put(store.word(), model.base(store).bytes()));
    fillTraining(memory.putObject("training"), training());
    fill(memory.putObject("generation"), model.generation(setup, contextLength))
        .put("tokens", contextLength);
    fill(memory.putObject("serving"), model.serving(setup, cacheBytes));
    memory.put("machine_bytes", machine.total());
    memory.put("available_bytes", machine.available());
    memory.put("fits", training().total() <= machine.available());
    MemoryAdvice advice = advice();
    advice.changes().forEach(memory.putArray("advice")::add);
    memory.put("bytes_with_advice", advice.memory().total());
    memory.put("fits_with_advice", advice.fits());
  }

  private static void fillTraining(ObjectNode node, TrainingMemory memory) {
    node.put("base", memory.base());
    node.put("adapter", memory.adapter());
    node.put("gradients", memory.gradients());
    node.put("optimizer", memory.optimizer());
    node.put("activations", memory.activations());
    node.put("workspace", memory.workspace());
    node.put("logits", memory.logits());
    node.put("gaps", memory.gaps());
    node.put("runtime", memory.runtime());
    node.put("total", memory.total());
  }

  private static ObjectNode fill(ObjectNode node, InferenceMemory memory) {
    node.put("base", memory.base());
    node.put("adapter", memory.adapter());
    node.put("cache", memory.cache());
    node.put("cache_of_token", memory.cacheOfToken());
    node.put("runtime", memory.runtime());
    return node.put("total", memory.total());
  }
}
