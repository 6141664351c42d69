autocmd BufNewFile,BufRead *.df setfiletype dfc
