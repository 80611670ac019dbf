package dev.lora4j.nn;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;

/**
 * A node of a network: named parameters, named children and a forward.
 *
 * <p>A module's path is the names from the root down, joined by dots: {@code
 * model.layers.3.self_attn.q_proj}. Names and order are those of PyTorch's {@code
 * named_parameters}, so that state dicts fit both ways.
 *
 * <p>Import it by name, {@code import dev.lora4j.nn.Module}: with {@code dev.lora4j.nn.*} alone the
 * name is ambiguous, since {@code java.lang} has a {@code Module} too.
 *
 * <pre>{@code
 * final class Mlp extends Module {
 *   private final Slot fc1 = child("fc1", new Linear(784, 128));
 *   private final Slot fc2 = child("fc2", new Linear(128, 10));
 *
 *   @Override
 *   public Tensor forward(Tensor x) {
 *     return fc2.forward(Ops.relu(fc1.forward(x)));
 *   }
 * }
 * }</pre>
 *
 * <p>Parameters live until {@link #close}; results of a forward belong to the caller's pointer
 * scope.
 */
public abstract class Module implements AutoCloseable {
  static {
    Engine.start();
  }

  private final Map<String, Slot> children = new LinkedHashMap<>();
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();
  private volatile boolean training = true;

  /** Computes the output; each module documents its shapes. */
  public abstract Tensor forward(Tensor input);

  protected final Slot child(String name, Module module) {
    Slot child = new Slot(module);
    put(children, name, child);
    return child;
  }

  /** Removes a child, without closing it. */
  public final void removeChild(String name) {
    synchronized (children) {
      children.remove(name);
    }
  }

  /** Adds a child that the forward does not call, in this module's training or evaluation mode. */
  public final void graft(String name, Module module) {
    if (slots().containsKey(name) || ownParameters().containsKey(name)) {
      throw new UserError("the name '" + name + "' is taken");
    }
    module.train(training);
    child(name, module);
  }

  /** The parameters of this module itself, by name, as they are now. */
  public final Map<String, Parameter> ownParameters() {
    return snapshot(parameters);
  }

  private Map<String, Slot> slots() {
    return snapshot(children);
  }

  /** Copies a map that other threads may change, as they load or remove an adapter. */
  private static <T> Map<String, T> snapshot(Map<String, T> map) {
    synchronized (map) {
      return new LinkedHashMap<>(map);
    }
  }

  private static <T> void put(Map<String, T> map, String name, T value) {
    synchronized (map) {
      map.put(name, value);
    }
  }

  /** Makes a tensor a trainable parameter of this module, which owns it. */
  public final Parameter parameter(String name, Tensor initial) {
    return share(name, Parameter.over(initial));
  }

  /** Ties a parameter to this module too: it is listed, trained and freed once. */
  public final Parameter share(String name, Parameter parameter) {
    put(parameters, name, parameter);
    return parameter;
  }

  /** The direct children by name, in order. */
  public final Map<String, Module> children() {
    Map<String, Module> result = new LinkedHashMap<>();
    slots().forEach((name, child) -> result.put(name, child.module()));
    return result;
  }

  /** All modules below this one by path, parents before their children. */
  public final Map<String, Module> namedModules() {
    Map<String, Module> result = new LinkedHashMap<>();
    collectModules("", result);
    return result;
  }

  private void collectModules(String prefix, Map<String, Module> into) {
    slots()
        .forEach(
            (name, child) -> {
              if (!name.isEmpty()) {
                into.put(prefix + name, child.module());
              }
              child.module().collectModules(below(prefix, name), into);
            });
  }

  /** All parameters at or below this module by path; a shared one appears once. */
  public final Map<String, Parameter> namedParameters() {
    Map<String, Parameter> result = new LinkedHashMap<>();
    collectParameters("", result, Collections.newSetFromMap(new IdentityHashMap<>()));
    return result;
  }

  private void collectParameters(String prefix, Map<String, Parameter> into, Set<Parameter> seen) {
    ownParameters()
        .forEach(
            (name, parameter) -> {
              if (seen.add(parameter.first())) {
                into.put(prefix + name, parameter);
              }
            });
    slots()
        .forEach(
            (name, child) -> child.module().collectParameters(below(prefix, name), into, seen));
  }

  /** A child without a name is listed as part of its parent. */
  private static String below(String prefix, String name) {
    return name.isEmpty() ? prefix : prefix + name + ".";
  }

  /** The trainable parameters, in the order of {@link #namedParameters}. */
  public final List<Parameter> trainableParameters() {
    return namedParameters().values().stream().filter(Parameter::isTrainable).toList();
  }

  /**
   * Returns the module at this path.
   *
   * @throws UserError if there is none; the message names the nearest paths
   */
  public final Module find(String path) {
    return descend(path)
        .orElseThrow(
            () ->
                new UserError(
                    "no module '" + path + "'" + NearMiss.hint(path, namedModules().keySet())));
  }

  /** Follows a path, without listing the other modules. */
  private Optional<Module> descend(String path) {
    for (Map.Entry<String, Slot> slot : slots().entrySet()) {
      String name = slot.getKey();
      Module child = slot.getValue().module();
      if (!name.isEmpty() && path.equals(name)) {
        return Optional.of(child);
      }
      if (path.startsWith(below("", name))) {
        Optional<Module> found = child.descend(path.substring(below("", name).length()));
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Replaces the module at this path. The replacement takes its training or evaluation mode.
   *
   * @throws UserError if there is none
   */
  public final void replace(String path, Module replacement) {
    int dot = path.lastIndexOf('.');
    Module parent = dot < 0 ? this : find(path.substring(0, dot));
    Slot slot = parent.slots().get(path.substring(dot + 1));
    if (slot == null) {
      throw new UserError(
          "no module '" + path + "'" + NearMiss.hint(path, namedModules().keySet()));
    }
    replacement.train(slot.module().isTraining());
    slot.replace(replacement);
  }

  /** Excludes every parameter at or below this module from training. */
  public final void freeze() {
    namedParameters().values().forEach(parameter -> parameter.trainable(false));
  }

  public void to(Device device) {
    for (Parameter parameter : ownParameters().values()) {
      if (!parameter.value().device().equals(device)) {
        parameter.replaceValue(
            parameter.value().detach().to(device, parameter.value().scalar_type()));
      }
    }
    slots().values().forEach(child -> child.module().to(device));
  }

  /**
   * Returns the device of the parameters.
   *
   * @throws UserError if it has none
   */
  public final Device device() {
    return firstParameter()
        .orElseThrow(() -> new UserError("a module without parameters has no device"))
        .value()
        .device();
  }

  /** Returns the first parameter without a walk through the others, which may be many. */
  private Optional<Parameter> firstParameter() {
    return Stream.concat(
            ownParameters().values().stream().limit(1),
            slots().values().stream().flatMap(child -> child.module().firstParameter().stream()))
        .findFirst();
  }

  /** Switches between training and evaluation mode, which dropout, for instance, depends on. */
  public final void train(boolean on) {
    training = on;
    slots().values().forEach(child -> child.module().train(on));
  }

  /** Returns whether the module is in training mode, as a new one is. */
  public final boolean isTraining() {
    return training;
  }

  /** Returns whether training never changes the outputs: no submodule is trainable or random. */
  final boolean isConstantInTraining() {
    return ownParameters().values().stream().noneMatch(Parameter::isTrainable)
        && !(isTraining() && isRandom())
        && slots().values().stream().allMatch(child -> child.module().isConstantInTraining());
  }

  /** The kind of module, for messages. */
  public String kind() {
    return getClass().getSimpleName();
  }

  /** The path of a language model's head, which an adapter on all linear layers leaves out. */
  public Optional<String> headPath() {
    return Optional.empty();
  }

  /** Hugging Face's {@code model_type}, which determines the default targets of an adapter. */
  public Optional<String> modelType() {
    return Optional.empty();
  }

  /** Returns an adapter's default targets unless they follow from the {@link #modelType} alone. */
  public List<String> defaultTargets() {
    return List.of();
  }

  /** Returns whether its own parameters of three dimensions are {@code [experts, in, out]}. */
  public boolean keepsParametersTransposed() {
    return false;
  }

  /** Returns whether the module itself draws random numbers in training mode, as dropout does. */
  protected boolean isRandom() {
    return false;
  }

  /** The parameters' tensors by path, which the module keeps owning. */
  public final Map<String, Tensor> stateDict() {
    Map<String, Tensor> result = new LinkedHashMap<>();
    namedParameters().forEach((name, parameter) -> result.put(name, parameter.value()));
    return result;
  }

  /**
   * Copies tensors into the parameters. Strict: the names and shapes must be those of the
   * parameters, otherwise nothing is changed.
   *
   * @throws UserError naming all missing, unexpected and ill-shaped tensors at once
   */
  public final void loadStateDict(Map<String, Tensor> state) {
    Map<String, Parameter> own = namedParameters();
    Map<Parameter, Tensor> fitting = new LinkedHashMap<>();
    List<String> problems = new ArrayList<>();
    own.forEach(
        (name, parameter) -> {
          Tensor given = state.get(name);
          String expected = Ops.shapeOf(parameter.value());
          if (given == null) {
            problems.add("missing " + name + " " + expected);
          } else if (!Arrays.equals(Ops.shape(given), parameter.shape())) {
            problems.add(name + ": expected " + expected + ", found " + Ops.shapeOf(given));
          } else {
            fitting.put(parameter, given);
          }
        });
    for (String name : state.keySet()) {
      if (!own.containsKey(name)) {
        problems.add("unexpected " + name + NearMiss.hint(name, own.keySet()));
      }
    }
    if (!problems.isEmpty()) {
      throw new UserError("the state dict does not fit:\n  " + String.join("\n  ", problems));
    }
    fitting.forEach(Parameter::copyFrom);
  }

  /** Frees every parameter at or below this module. */
  @Override
  public void close() {
    namedParameters().values().forEach(Parameter::close);
  }
}
