// A shop: orders of customers, with static columns, a user type, a map and a counter.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <stoa/composite.h>
#include <stoa/database.h>

using stoa::Assignment;
using stoa::TypeKind;

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

template <typename T>
T Check(absl::StatusOr<T> result) {
  Check(result.status());
  return *std::move(result);
}

struct Shop {
  stoa::Table orders;
  stoa::Table sold;
};

/// A customer is a partition; name and address are the customer's, whatever is ordered.
Shop CreateShop(stoa::Database& database) {
  const stoa::DataType address =
      Check(database.CreateType("address", {{"street", TypeKind::kText}, {"town", TypeKind::kText}}));
  Shop shop;
  shop.orders = Check(database.CreateTable(
      Check(stoa::TableSchema::Builder("orders")
                .PartitionKey("customer", TypeKind::kText)
                .Clustering("number", TypeKind::kInt)
                .Static("name", TypeKind::kText)
                .Static("address", address)
                .Regular("articles", stoa::DataType::Map(TypeKind::kText, TypeKind::kInt))
                .Build())));
  shop.sold = Check(database.CreateTable(Check(stoa::TableSchema::Builder("sold")
                                                   .PartitionKey("article", TypeKind::kText)
                                                   .Regular("pieces", TypeKind::kCounter)
                                                   .Build())));
  return shop;
}

/// Puts more of an article into an order. The map's other entries stay as they are, and so do other pieces
/// that others count at the same time.
void Order(stoa::Database& database, const Shop& shop, std::string_view customer, int number,
           std::string_view article, int pieces) {
  const stoa::ColumnId articles = shop.orders->FindColumn("articles")->id;
  stoa::WriteBatch batch;
  Check(batch.Upsert(shop.orders, {customer}, {number}, {Assignment::Put(articles, article, pieces)}));
  Check(database.Write(stoa::WriteOptions(), batch));
  stoa::WriteBatch counts;  // a batch is all of counters, or none
  const stoa::ColumnId sold = shop.sold->FindColumn("pieces")->id;
  Check(counts.Update(shop.sold, {article}, {}, {Assignment::Add(sold, pieces)}));
  Check(database.Write(stoa::WriteOptions(), counts));
}

void Register(stoa::Database& database, const Shop& shop, std::string_view customer, std::string_view name,
              std::string_view town) {
  const stoa::ColumnId address = shop.orders->FindColumn("address")->id;
  stoa::WriteBatch batch;  // static columns alone: no clustering key
  Check(batch.Update(shop.orders, {customer}, {},
                     {{shop.orders->FindColumn("name")->id, name}, Assignment::Put(address, "town", town)}));
  Check(database.Write(stoa::WriteOptions(), batch));
}

void PrintOrders(const stoa::Database& database, const Shop& shop) {
  const stoa::DataType articles_type = shop.orders->FindColumn("articles")->type;
  stoa::Query query(shop.orders);
  query.Partition({"ann"}).Partition({"bob"});
  stoa::Cursor cursor = Check(database.Read(stoa::ReadOptions(), query));
  while (cursor.Next()) {
    const stoa::RowView& row = cursor.row();
    std::printf("%s, order %s:", std::string(row[0].text()).c_str(), row.clustering(0).ToString().c_str());
    stoa::CompositeReader articles(articles_type, row[2]);
    stoa::Value article;
    stoa::Value pieces;
    while (articles.Next(&article) && articles.Next(&pieces)) {
      std::printf(" %ld %s", static_cast<long>(pieces.integer()), std::string(article.text()).c_str());
    }
    std::printf("\n");
  }
  Check(cursor.status());
}

/// One row per customer, with or without orders.
void PrintTowns(const stoa::Database& database, const Shop& shop) {
  stoa::Query query(shop.orders);
  stoa::Cursor cursor = Check(database.Read(stoa::ReadOptions(), query.Distinct()));
  while (cursor.Next()) {
    stoa::Elements fields = cursor.row().elements(1);
    for (stoa::ElementView field; fields.Next(&field);) {
      std::printf("%s: %s %s\n", std::string(cursor.row()[0].text()).c_str(),
                  std::string(field.key.text()).c_str(), std::string(field.value.text()).c_str());
    }
  }
  Check(cursor.status());
}

void PrintSold(const stoa::Database& database, const Shop& shop, std::string_view article) {
  stoa::Row row;
  if (Check(database.ReadRow(stoa::ReadOptions(), shop.sold, {article}, {}, {}, &row))) {
    std::printf("sold: %ld %s\n", static_cast<long>(row[0].integer()), std::string(article).c_str());
  }
}

int main(int argc, char** argv) {
  auto database = Check(stoa::Database::Open(stoa::Options(), argc > 1 ? argv[1] : "model-db"));
  const Shop shop = CreateShop(*database);
  Register(*database, shop, "ann", "Ann", "York");
  Register(*database, shop, "bob", "Bob", "Bath");
  Order(*database, shop, "ann", 1, "cups", 4);
  Order(*database, shop, "ann", 1, "bowls", 2);
  Order(*database, shop, "ann", 2, "cups", 1);
  PrintOrders(*database, shop);
  PrintTowns(*database, shop);
  PrintSold(*database, shop, "cups");
  Check(database->Close());
}
