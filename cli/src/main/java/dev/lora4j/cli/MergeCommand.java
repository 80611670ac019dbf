package dev.lora4j.cli;

import dev.lora4j.cli.options.MergeOptions;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.merge.MergeJob;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.torchscript.TorchScriptModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Merges adapters into a saved model. */
@Command(
    name = "merge",
    mixinStandardHelpOptions = true,
    header = {"Merge adapters into a saved model.", ""},
    description = {
      "",
      "Adds the adapters to the weights of the model, tensor by tensor, and reports the largest"
          + " change. The config and the tokenizer are copied.",
      "",
      "A quantised base is dequantised; the result is in half precision, or quantised again with"
          + " --quantize. Quantising a merged model changes its answers: the command compares logits"
          + " on sample texts and reports how much.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora merge --model SmolLM2-135M --adapter my-adapter --out merged",
      "  lora merge --model SmolLM2-135M --adapter my-adapter --out merged.gguf --dtype q8_0",
      "  lora merge --model model.Q4_0.gguf --adapter my-adapter --out merged.gguf --quantize q4_k",
      "  lora merge --model SmolLM2-135M-nf4 --adapter my-adapter --out merged-nf4 --quantize nf4"
    })
final class MergeCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "BASE",
      required = true,
      description =
          "Base model: .safetensors, .bin, GGUF or TorchScript file, or a Hugging Face model"
              + " directory.")
  private Path model = Path.of("");

  @Mixin private MergeOptions options = new MergeOptions();

  @Override
  public Integer call() {
    if (TorchScriptModel.isAt(model)) {
      mergeScript();
    } else if (options.isGguf()) {
      GgmlType type = options.ggmlType();
      new MergeRun(options, model).run("merge", (job, file) -> job.mergeToGguf(file, type));
    } else if (options.quantization().isPresent()) {
      Quantization to = options.quantization().get();
      new MergeRun(options, model).run("merge", (job, out) -> job.mergeQuantized(out, to));
    } else {
      new MergeRun(options, model).run("merge", MergeJob::merge);
    }
    return 0;
  }

  private void mergeScript() {
    Path out = options.out();
    options.requireScript(model);
    try (TorchScriptModel net = TorchScriptModel.load(model)) {
      LoraModel adapted = Lora.base(net);
      List<String> names = new ArrayList<>();
      for (Path adapter : options.adapters()) {
        names.add("adapter" + names.size());
        adapted.load(names.get(names.size() - 1), adapter, options.scriptCheck());
      }
      adapted.activate(names.toArray(String[]::new));
      adapted.merge();
      net.save(out);
    }
    long bytes = out.toFile().length();
    options
        .output()
        .show(
            root -> root.put("bytes", bytes).put("out", out.toString()),
            text -> text.printf("Wrote %s to %s%n", NumberFormats.bytes(bytes), out));
  }
}
