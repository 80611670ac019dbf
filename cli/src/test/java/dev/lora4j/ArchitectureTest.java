package dev.lora4j;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.lora4j.nn.kernel.FloatMatrix;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.KvCacheView;
import dev.lora4j.nn.kernel.RopeRotation;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Supplier;
import java.util.stream.BaseStream;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;

/**
 * The dependencies between modules and packages. A dependency not listed here is a new decision.
 */
@AnalyzeClasses(packages = "dev.lora4j", importOptions = ArchitectureTest.MainClasses.class)
class ArchitectureTest {
  private static final String ROOT = "dev.lora4j";
  private static final int FILES_PER_PACKAGE = 30;

  static final class MainClasses implements ImportOption {
    @Override
    public boolean includes(Location location) {
      return new DoNotIncludeTests().includes(location) && !location.contains("-tests.jar");
    }
  }

  @ArchTest
  static final ArchRule FILES_USE_RUNTIME_AND_BLOCKS = only("io", "nn.runtime", "nn.block");

  @ArchTest static final ArchRule BLOCKS_USE_NOTHING_ELSE = only("nn.block");
  @ArchTest static final ArchRule THE_RUNTIME_USES_NOTHING_ELSE = only("nn.runtime");

  @ArchTest
  static final ArchRule KERNELS_USE_RUNTIME_AND_BLOCKS =
      only("nn.kernel", "nn.runtime", "nn.block");

  @ArchTest static final ArchRule NN_USES_NOTHING_ELSE = only("nn");
  @ArchTest static final ArchRule DATA_USES_LAYERS_AND_FILES = only("data", "nn", "io");
  @ArchTest static final ArchRule LORA_ADAPTS_LAYERS = only("lora", "nn", "io");
  @ArchTest static final ArchRule TRAIN_KNOWS_NO_METHOD = only("train", "nn", "data", "io");
  @ArchTest static final ArchRule TABLES_USE_CORE = only("tables", "data", "nn", "io");

  @ArchTest static final ArchRule VISION_USES_CORE = only("vision", "data", "nn", "io", "train");

  @ArchTest
  static final ArchRule TORCHSCRIPT_USES_CORE = only("torchscript", "nn", "lora", "io", "train");

  @ArchTest static final ArchRule LLM_USES_CORE = only("llm", "data", "nn", "lora", "io", "train");

  @ArchTest
  static final ArchRule SERVE_USES_LANGUAGE_MODELS =
      only("serve", "llm", "nn", "lora", "io", "train");

  @ArchTest
  static final ArchRule LANGCHAIN4J_USES_THE_ENGINE = only("langchain4j", "serve.engine", "llm");

  /** Programs embed the engine without it. */
  @ArchTest
  static final ArchRule THE_ENGINE_NEEDS_NO_HTTP_SERVER =
      noClasses()
          .that()
          .resideInAPackage(ROOT + ".serve.engine..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.eclipse.jetty..");

  @ArchTest
  static final ArchRule NOTHING_USES_THE_COMMAND_LINE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.lora4j.cli..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.lora4j.cli..");

  /**
   * Only the module for Spark has Spark on its class path; only the module for it has them, and no
   * other needs that module.
   */
  @ArchTest
  static final ArchRule NOTHING_USES_SPARK =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.spark..", "org.apache.hadoop..", "dev.lora4j.spark..");

  @ArchTest
  static final ArchRule PARTS_HAVE_NO_CYCLES =
      slices().matching("dev.lora4j.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule PACKAGES_HAVE_NO_CYCLES =
      slices().matching("dev.lora4j.(**)").should().beFreeOfCycles();

  private static final DescribedPredicate<JavaClass> KERNELS =
      belongToAnyOf(FloatMatrix.class, FloatVector.class, KvCacheView.class, RopeRotation.class);

  /** They call operators, or describe themselves to the decode kernels by tensors. */
  @ArchTest
  static final ArchRule LAYERS_ADAPTERS_AND_MODELS_USE_NO_KERNEL =
      noClasses()
          .that()
          .resideInAnyPackage(
              ROOT + ".nn", ROOT + ".lora..", ROOT + ".train..", ROOT + ".llm.model")
          .should()
          .dependOnClassesThat(KERNELS);

  @ArchTest
  static final ArchRule COMMON_POOL_IS_LEFT_TO_THE_PROGRAM =
      noClasses()
          .should()
          .callMethodWhere(
              target(nameMatching("parallelStream|parallel"))
                  .and(
                      target(
                          owner(
                              assignableTo(BaseStream.class).or(assignableTo(Collection.class))))))
          .orShould()
          .callMethod(ForkJoinPool.class, "commonPool")
          .orShould()
          .callMethod(CompletableFuture.class, "supplyAsync", Supplier.class)
          .orShould()
          .callMethod(CompletableFuture.class, "runAsync", Runnable.class);

  @ArchTest
  static final ArchRule THE_ROOT_NEEDS_NO_LIBTORCH =
      noClasses()
          .that()
          .resideInAPackage(ROOT)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.bytedeco..", "dev.lora4j.*..");

  @ArchTest
  static void everyPackageIsNullMarked(JavaClasses imported) {
    packages(imported)
        .forEach(p -> assertThat(p.isAnnotatedWith(NullMarked.class)).as(p.getName()).isTrue());
  }

  @ArchTest
  static void noPackageHasMoreThanThirtyFiles(JavaClasses imported) {
    packages(imported)
        .forEach(
            p -> assertThat(files(p)).as(p.getName()).hasSizeLessThanOrEqualTo(FILES_PER_PACKAGE));
  }

  @ArchTest
  static void noSimpleNameIsUsedTwice(JavaClasses imported) {
    List<String> names =
        imported.stream()
            .filter(JavaClass::isTopLevelClass)
            .map(JavaClass::getSimpleName)
            .filter(name -> !name.equals("package-info"))
            .toList();
    assertThat(
            names.stream().collect(groupingBy(name -> name, counting())).entrySet().stream()
                .filter(entry -> entry.getValue() > 1))
        .isEmpty();
  }

  private static Stream<JavaPackage> packages(JavaClasses imported) {
    JavaPackage root = imported.getPackage(ROOT);
    return Stream.concat(Stream.of(root), root.getSubpackagesInTree().stream())
        .filter(p -> !p.getClasses().isEmpty());
  }

  private static List<String> files(JavaPackage room) {
    return room.getClasses().stream()
        .filter(type -> type.isTopLevelClass() && !type.isArray())
        .map(JavaClass::getSimpleName)
        .toList();
  }

  /** Allows a part to use itself, the root and these parts; other libraries are not checked. */
  private static ArchRule only(String part, String... others) {
    DescribedPredicate<JavaClass> allowed =
        JavaClass.Predicates.resideOutsideOfPackage("dev.lora4j..")
            .or(JavaClass.Predicates.resideInAnyPackage(ROOT, ROOT + "." + part + ".."));
    for (String other : others) {
      allowed = allowed.or(JavaClass.Predicates.resideInAPackage(ROOT + "." + other + ".."));
    }
    return classes()
        .that()
        .resideInAPackage(ROOT + "." + part + "..")
        .should()
        .onlyDependOnClassesThat(allowed)
        .as(part + " uses nothing but " + String.join(", ", others) + " and the root");
  }
}
