package dev.lora4j;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.lora4j.row.CachedHeads;
import dev.lora4j.row.PlainMatrix;
import dev.lora4j.row.Row;
import dev.lora4j.row.Turn;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Supplier;
import org.jspecify.annotations.NullMarked;

/** Who may call whom. Whatever is not allowed here is a new decision. */
@AnalyzeClasses(packages = "dev.lora4j", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String ROOT = "dev.lora4j";

  @ArchTest static final ArchRule ROWS_ARE_AT_THE_BOTTOM = only("row");
  @ArchTest static final ArchRule NN_KNOWS_NOTHING_ABOVE_IT = only("nn", "row");
  @ArchTest static final ArchRule IO_IS_AT_THE_BOTTOM = only("io");
  @ArchTest static final ArchRule TORCH_FILES_BUILD_ON_IO = only("io.torch", "io");
  @ArchTest static final ArchRule GGUF_BUILDS_ON_IO = only("io.gguf", "io");
  @ArchTest static final ArchRule DATA_NEEDS_FILES = only("data", "io");
  @ArchTest static final ArchRule LORA_ADAPTS_LAYERS = only("lora", "nn", "row", "io");
  @ArchTest static final ArchRule TRAIN_KNOWS_NO_METHOD = only("train", "nn", "row", "data", "io");

  @ArchTest
  static final ArchRule NOTHING_CALLS_UPWARDS =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.lora4j.models..", "dev.lora4j.cli..");

  @ArchTest
  static final ArchRule NO_CYCLES = slices().matching("dev.lora4j.(*)..").should().beFreeOfCycles();

  private static final DescribedPredicate<JavaClass> KERNELS =
      belongToAnyOf(PlainMatrix.class, Row.class, CachedHeads.class, Turn.class);

  /** They call operators, or describe themselves to the decode kernels by tensors. */
  @ArchTest
  static final ArchRule LAYERS_AND_ADAPTERS_USE_NO_KERNEL =
      noClasses()
          .that()
          .resideInAnyPackage(ROOT + ".nn..", ROOT + ".lora..", ROOT + ".train..")
          .and(not(nameMatching(".*\\.(Ops|NextToken|OneRow|CrewProduct)(\\$.*)?")))
          .should()
          .dependOnClassesThat(KERNELS);

  @ArchTest
  static final ArchRule COMMON_POOL_IS_LEFT_TO_THE_PROGRAM =
      noClasses()
          .should()
          .callMethodWhere(target(nameMatching("parallelStream|parallel")))
          .orShould()
          .callMethod(ForkJoinPool.class, "commonPool")
          .orShould()
          .callMethod(CompletableFuture.class, "supplyAsync", Supplier.class)
          .orShould()
          .callMethod(CompletableFuture.class, "runAsync", Runnable.class);

  @ArchTest
  static final ArchRule WHAT_ALL_SHARE_NEEDS_NO_LIBTORCH =
      noClasses()
          .that()
          .resideInAPackage(ROOT)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.bytedeco..", "dev.lora4j.*..");

  @ArchTest
  static void everyPackageSaysThatNothingIsNull(JavaClasses imported) {
    for (JavaPackage room : imported.getPackage(ROOT).getSubpackagesInTree()) {
      assertThat(room.isAnnotatedWith(NullMarked.class)).as(room.getName()).isTrue();
    }
    assertThat(imported.getPackage(ROOT).isAnnotatedWith(NullMarked.class)).isTrue();
  }

  /** A room may use itself, the root, and these rooms; other libraries are its own affair. */
  private static ArchRule only(String room, String... others) {
    DescribedPredicate<JavaClass> allowed =
        JavaClass.Predicates.resideOutsideOfPackage("dev.lora4j..")
            .or(JavaClass.Predicates.resideInAnyPackage(ROOT, ROOT + "." + room + ".."));
    for (String other : others) {
      allowed = allowed.or(JavaClass.Predicates.resideInAPackage(ROOT + "." + other + ".."));
    }
    return classes()
        .that()
        .resideInAPackage(ROOT + "." + room + "..")
        .should()
        .onlyDependOnClassesThat(allowed)
        .as(room + " uses nothing but " + String.join(", ", others) + " and the root");
  }
}
