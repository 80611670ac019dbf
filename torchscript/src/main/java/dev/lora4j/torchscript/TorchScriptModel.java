package dev.lora4j.torchscript;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.nn.runtime.Engine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A network loaded from a TorchScript file, scripted or traced: a module like any other, with the
 * submodules and parameters of the Python model under their original paths.
 *
 * <pre>{@code
 * try (TorchScriptModel net = TorchScriptModel.load(Path.of("net.pt"))) {
 *   LoraModel adapted = Lora.adapt(net, LoraConfig.rank(8).targets(Targets.named("fc1", "fc2")));
 *   …
 *   adapted.merge();
 *   net.save(Path.of("merged.pt"));
 * }
 * }</pre>
 *
 * <p>The program in the file runs, not Java code: before each forward an adapted layer's weight is
 * replaced by {@code W + (alpha / r) B A}. The layer's own code may therefore do anything, but
 * dropout on an adapter's input is impossible.
 *
 * <p>The network always runs in evaluation mode: batch normalisation uses its stored statistics and
 * does not update them, and dropout is off. {@link #train} affects adapters only. An adapter could
 * not store changed statistics, and the base must not change.
 *
 * <p>Safe for use by many threads, which share the parameters.
 */
public final class TorchScriptModel extends ScriptNode {
  private final JitModule script;
  private final ScriptReader reader;
  private final Queue<ModuleReplica> twins = new ConcurrentLinkedQueue<>();
  private final ScalarType dtype;
  private final List<String> outputNames;
  private volatile Optional<String> output = Optional.empty();

  private TorchScriptModel(JitModule script, ScriptReader reader) {
    super(script, "", reader);
    this.script = script;
    this.reader = reader;
    dtype =
        namedParameters().values().stream()
            .map(parameter -> parameter.value().scalar_type().intern())
            .findFirst()
            .orElse(ScalarType.Float);
    outputNames = ScriptPart.outputNames(script);
    script.retainReference();
  }

  /**
   * Loads a file written by {@code torch.jit.save}, onto the CPU. A TorchScript file is a program:
   * load only files from sources that you trust.
   *
   * @throws UserError if it is another kind of file, holds no parameters, was traced in training
   *     mode, or names a CUDA device where there is none; the message names the remedy
   * @throws CorruptFile if it is damaged
   */
  public static TorchScriptModel load(Path path) {
    ScriptFile.check(path);
    Engine.start();
    ScriptFile.requireDevices(path, torch.cuda_is_available());
    try (PointerScope scope = new PointerScope()) {
      JitModule script = read(path);
      script.eval();
      refuseTrainingMode(path, script);
      TorchScriptModel model = new TorchScriptModel(script, new ScriptReader());
      if (model.namedParameters().isEmpty()) {
        model.close();
        throw new UserError(
            path
                + " has no parameters: it was frozen (torch.jit.freeze or optimize_for_inference) or"
                + " quantised, so its weights are part of the program; save the module before that step");
      }
      return model;
    }
  }

  private static void refuseTrainingMode(Path path, JitModule script) {
    List<String> calls = TrainingModeCalls.in(script);
    if (!calls.isEmpty()) {
      throw new UserError(
          path
              + " was traced in training mode, which is now part of its program: "
              + String.join(", ", calls)
              + "; call model.eval() before torch.jit.trace and save it again");
    }
  }

  /**
   * Returns true if a file should be read as a TorchScript module: its name ends in {@code .pt}, or
   * its archive contains a module. Nothing is loaded; {@link #load} may still refuse it, with the
   * reason.
   */
  public static boolean isAt(Path path) {
    if (path.toString().endsWith(".pt")) {
      return true;
    }
    try {
      ScriptFile.check(path);
      return true;
    } catch (UserError | CorruptFile e) {
      return false;
    }
  }

  private static JitModule read(Path path) {
    try {
      return torch.load(path.toString(), new DeviceOptional(new Device("cpu")), true);
    } catch (RuntimeException e) {
      throw new CorruptFile(path, "libtorch cannot load it: " + NativeError.oneLine(e), e);
    }
  }

  /**
   * Selects the output that {@link #forward} returns.
   *
   * @param name a key of a dictionary, a field of a named tuple, or the number of an element of a
   *     tuple, from 0
   */
  public void selectOutput(String name) {
    output = Optional.of(name);
  }

  /**
   * Runs the program on one tensor, in the dtype of the weights. From a dictionary or a tuple it
   * returns the {@linkplain #selectOutput selected} output, else the only one, else {@code logits}.
   *
   * @param input a tensor of the shape that the model expects
   * @return the model's output, in the input's dtype
   * @throws UserError if the model rejects the input, or returns no such tensor
   */
  @Override
  public Tensor forward(Tensor input) {
    ScalarType given = input.scalar_type().intern();
    if (!input.is_floating_point() || given == dtype) {
      return answer(ScriptValue.of(input)).output(output, outputNames);
    }
    return answer(ScriptValue.of(input.to(dtype))).output(output, outputNames).to(given);
  }

  /**
   * Runs the program with the arguments of its {@code forward}.
   *
   * @return the model's output, whose tensors belong to the caller's pointer scope
   * @throws UserError if the model rejects the arguments
   */
  public ScriptValue answer(ScriptValue... inputs) {
    ModuleReplica twin = twins.poll();
    if (twin == null) {
      twin = ModuleReplica.of(script, reader.slots());
    }
    try {
      IValue answer = run(twin, inputs);
      return ScriptValues.unbox(answer);
    } finally {
      twins.add(twin);
    }
  }

  private static IValue run(ModuleReplica twin, ScriptValue... inputs) {
    try {
      return twin.forward(ScriptValues.box(inputs));
    } catch (UserError e) {
      throw e;
    } catch (RuntimeException e) {
      throw new UserError(
          "the script can't take %s: %s".formatted(described(inputs), NativeError.oneLine(e)), e);
    }
  }

  private static String described(ScriptValue... inputs) {
    return String.join(", ", List.of(inputs).stream().map(ScriptValue::describe).toList());
  }

  /**
   * Writes the program with the current base weights, which include merged adapters. Python loads
   * the file with {@code torch.jit.load}. Extra files in the original archive are not copied.
   *
   * @throws UserError if the file cannot be written
   */
  public void save(Path path) {
    AtomicFile.writeByName(
        path,
        temporary -> {
          try {
            script.save(temporary.toString());
          } catch (RuntimeException e) {
            throw new IOException(NativeError.oneLine(e), e);
          }
        });
  }

  /** Moves all parameters, buffers and constants of the script to a device. */
  @Override
  public void to(Device device) {
    script.to(device);
    super.to(device);
  }

  @Override
  public void close() {
    reader.adapted().forEach(AdaptableLayer::close);
    twins.forEach(ModuleReplica::close);
    twins.clear();
    super.close();
    script.releaseReference();
  }
}
