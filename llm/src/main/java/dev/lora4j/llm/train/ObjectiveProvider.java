package dev.lora4j.llm.train;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.DataFormat;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;

/** Creates an {@link Objective} by name. Providers are found by {@link ServiceLoader}. */
public abstract class ObjectiveProvider {
  private final String name;
  private final String fullName;
  private final List<? extends DataFormat> forms;
  private final Map<String, Double> defaults;

  /**
   * @param name short name, such as {@code dpo}
   * @param fullName name in full, such as {@code direct preference optimisation}
   * @param forms the data formats that it reads, the preferred one first
   * @param defaults its hyperparameters with their defaults
   */
  protected ObjectiveProvider(
      String name,
      String fullName,
      List<? extends DataFormat> forms,
      Map<String, Double> defaults) {
    this.name = name;
    this.fullName = fullName;
    this.forms = List.copyOf(forms);
    this.defaults = defaults;
  }

  /** Creates the objective with a value for each hyperparameter. */
  public abstract Objective create(
      TrainValidationSplit<List<Example>> groups, Map<String, Double> parameters);

  public final String name() {
    return name;
  }

  public final String fullName() {
    return fullName;
  }

  public final List<? extends DataFormat> forms() {
    return forms;
  }

  /**
   * Returns the default hyperparameters with other values for some of them.
   *
   * @throws UserError if one is unknown
   */
  public final Map<String, Double> parameters(Map<String, Double> given) {
    Map<String, Double> all = new LinkedHashMap<>(defaults);
    given.forEach(
        (parameter, value) -> {
          if (all.replace(parameter, value) == null) {
            throw new UserError(
                "the objective %s has no parameter %s%s"
                    .formatted(name, parameter, NearMiss.hint(parameter, all.keySet())));
          }
        });
    return all;
  }

  protected static double value(Map<String, Double> parameters, String name) {
    return Objects.requireNonNull(parameters.get(name), name);
  }

  public static List<ObjectiveProvider> all() {
    return ServiceLoader.load(ObjectiveProvider.class, ObjectiveProvider.class.getClassLoader())
        .stream()
        .map(ServiceLoader.Provider::get)
        .toList();
  }

  public static ObjectiveProvider named(String name) {
    List<String> names = all().stream().map(ObjectiveProvider::name).toList();
    return all().stream()
        .filter(provider -> provider.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new UserError(
                    "no objective '%s'; known are %s%s"
                        .formatted(name, String.join(", ", names), NearMiss.hint(name, names))));
  }

  /** Returns the provider for a data format. */
  public static ObjectiveProvider of(DataFormat form) {
    return all().stream()
        .filter(provider -> provider.forms().contains(form))
        .findFirst()
        .orElseThrow(() -> new UserError("no objective trains on " + form.sentence()));
  }
}
